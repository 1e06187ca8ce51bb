#ifndef MANDELBROT_H
#define MANDELBROT_H

#include <stdint.h>

// Adds up how many steps each point of an n by n grid stays near 0.
static inline uint64_t mandelbrot_steps(uint32_t n) {
    const uint64_t steps_max = 200;
    uint64_t total = 0;
    for (uint32_t row = 0; row < n; row++) {
        double ci = 2.0 * row / n - 1.0;
        for (uint32_t column = 0; column < n; column++) {
            double cr = 3.0 * column / n - 2.0;
            double zr = 0.0, zi = 0.0;
            uint64_t steps = 0;
            while (steps < steps_max && zr * zr + zi * zi <= 4.0) {
                double next = zr * zr - zi * zi + cr;
                zi = 2.0 * zr * zi + ci;
                zr = next;
                steps++;
            }
            total += steps;
        }
    }
    return total;
}

#endif
