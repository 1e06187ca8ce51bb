#ifndef GREETING_H
#define GREETING_H

#include <stddef.h>

// The greeting for the `length` bytes at `name`; the caller frees it. NULL when there is no memory.
char *greeting(const char *name, size_t length);

#endif
