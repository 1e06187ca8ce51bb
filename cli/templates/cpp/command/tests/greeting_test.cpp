#undef NDEBUG
#include "greeting.h"

#include <cassert>
#include <iostream>

int main() {
    assert(Greeting("Ada") == "Hello, Ada!");
    assert(Greeting("") == "Hello, !");
    assert(Greeting("Grüße") == "Hello, Grüße!");
    std::cout << "3 greetings passed\n";
}
