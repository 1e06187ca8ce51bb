#include "greeting.h"

std::string Greeting(std::string_view name) {
    std::string text = "Hello, ";
    text += name;
    text += '!';
    return text;
}
