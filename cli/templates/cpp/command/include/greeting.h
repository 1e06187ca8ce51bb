#pragma once

#include <string>
#include <string_view>

// What is said to `name`.
std::string Greeting(std::string_view name);
