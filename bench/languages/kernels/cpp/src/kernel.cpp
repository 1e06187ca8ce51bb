// The kernel in C++.
#include "kernel_cpp.h"
#include "mandelbrot.h"

namespace exports::bench::kernel::compute {

uint64_t Kernel(uint32_t n) { return mandelbrot_steps(n); }

} // namespace exports::bench::kernel::compute
