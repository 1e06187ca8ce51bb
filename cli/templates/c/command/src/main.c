#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "greeting.h"

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "world";
    char *text = greeting(name, strlen(name));
    if (text == NULL) {
        return EXIT_FAILURE;
    }
    puts(text);
    free(text);
    return EXIT_SUCCESS;
}
