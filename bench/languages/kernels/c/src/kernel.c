// The kernel in C.
#include "kernel.h"
#include "mandelbrot.h"

uint64_t exports_bench_kernel_compute_kernel(uint32_t n) { return mandelbrot_steps(n); }
