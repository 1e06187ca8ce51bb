// The kernel in C, without Wasm: prints its result.
#include "../c/src/mandelbrot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
    if (count != 2) {
        return 2;
    }
    printf("%" PRIu64 "\n", mandelbrot_steps((uint32_t)strtoul(arguments[1], NULL, 10)));
    return 0;
}
