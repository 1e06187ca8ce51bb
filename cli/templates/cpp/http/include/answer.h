#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// What is said to whoever asks.
struct Answer {
    std::uint16_t status;
    std::string body;
};

// The answer to a request for `path`, which may end with a query.
Answer AnswerTo(std::string_view path);
