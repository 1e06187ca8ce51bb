#undef NDEBUG
#include "answer.h"

#include <cassert>
#include <iostream>

namespace {

void Answers(std::string_view path, std::uint16_t status, std::string_view body) {
    const auto given = AnswerTo(path);
    assert(given.status == status);
    assert(given.body == body);
}

} // namespace

int main() {
    Answers("/", 200, "Hello, world!\n");
    Answers("/?name=Ada", 200, "Hello, Ada!\n");
    Answers("/?title=Countess&name=Ada+Lovelace", 200, "Hello, Ada Lovelace!\n");
    Answers("/?name=Gr%C3%BC%c3%9Fe", 200, "Hello, Grüße!\n");
    Answers("/?name=100%", 200, "Hello, 100%!\n");
    Answers("/?nickname=Ada", 200, "Hello, world!\n");
    Answers("/?", 200, "Hello, world!\n");
    Answers("/about", 404, "Not found\n");
    Answers("", 404, "Not found\n");
    std::cout << "9 answers passed\n";
}
