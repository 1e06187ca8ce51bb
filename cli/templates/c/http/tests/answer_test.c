#undef NDEBUG
#include "answer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answers(const char *path, unsigned status, const char *body) {
    struct answer given = answer(path, strlen(path));
    assert(given.status == status);
    assert(given.body != NULL);
    assert(strcmp(given.body, body) == 0);
    free(given.body);
}

int main(void) {
    answers("/", 200, "Hello, world!\n");
    answers("/?name=Ada", 200, "Hello, Ada!\n");
    answers("/?title=Countess&name=Ada+Lovelace", 200, "Hello, Ada Lovelace!\n");
    answers("/?name=Gr%C3%BC%c3%9Fe", 200, "Hello, Grüße!\n");
    answers("/?name=100%", 200, "Hello, 100%!\n");
    answers("/?nickname=Ada", 200, "Hello, world!\n");
    answers("/?", 200, "Hello, world!\n");
    answers("/about", 404, "Not found\n");
    answers("", 404, "Not found\n");
    puts("9 answers passed");
    return EXIT_SUCCESS;
}
