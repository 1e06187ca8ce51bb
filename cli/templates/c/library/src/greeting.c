#include "greeting.h"

#include <stdio.h>
#include <stdlib.h>

char *greeting(const char *name, size_t length) {
    static const char format[] = "Hello, %.*s!";
    size_t size = sizeof format + length;
    char *text = malloc(size);
    if (text != NULL) {
        snprintf(text, size, format, (int)length, name);
    }
    return text;
}
