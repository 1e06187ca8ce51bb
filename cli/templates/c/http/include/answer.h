#ifndef ANSWER_H
#define ANSWER_H

#include <stddef.h>

// What is said to whoever asks.
struct answer {
    unsigned status;
    // The caller frees it; NULL when there is no memory.
    char *body;
};

// The answer to a request for the `length` bytes at `path`, which may end with a query.
struct answer answer(const char *path, size_t length);

#endif
