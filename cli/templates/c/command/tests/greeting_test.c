#undef NDEBUG
#include "greeting.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void greets(const char *name, size_t length, const char *expected) {
    char *text = greeting(name, length);
    assert(text != NULL);
    assert(strcmp(text, expected) == 0);
    free(text);
}

int main(void) {
    greets("Ada", 3, "Hello, Ada!");
    greets("Ada Lovelace", 3, "Hello, Ada!");
    greets("", 0, "Hello, !");
    greets("Grüße", strlen("Grüße"), "Hello, Grüße!");
    puts("4 greetings passed");
    return EXIT_SUCCESS;
}
