#include "answer.h"

namespace {

int Digit(char character) {
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

// The text that a part of a query stands for.
std::string Decoded(std::string_view coded) {
    std::string text;
    for (std::size_t index = 0; index < coded.size(); index++) {
        const bool digits = coded[index] == '%' && index + 2 < coded.size();
        if (digits && Digit(coded[index + 1]) >= 0 && Digit(coded[index + 2]) >= 0) {
            text += static_cast<char>(Digit(coded[index + 1]) * 16 + Digit(coded[index + 2]));
            index += 2;
        } else {
            text += coded[index] == '+' ? ' ' : coded[index];
        }
    }
    return text;
}

// The value of the parameter `name`, else `world`.
std::string Name(std::string_view query) {
    constexpr std::string_view title = "name=";
    while (!query.empty()) {
        const auto part = query.substr(0, query.find('&'));
        if (part.size() > title.size() && part.starts_with(title)) {
            return Decoded(part.substr(title.size()));
        }
        query.remove_prefix(part.size() < query.size() ? part.size() + 1 : part.size());
    }
    return "world";
}

} // namespace

Answer AnswerTo(std::string_view path) {
    const auto end = path.find('?');
    if (path.substr(0, end) != "/") {
        return {404, "Not found\n"};
    }
    const auto query = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
    return {200, "Hello, " + Name(query) + "!\n"};
}
