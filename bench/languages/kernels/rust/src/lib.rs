//! The kernel in Rust.

mod mandelbrot;

wit_bindgen::generate!({ path: "../wit", world: "kernel" });

struct Kernel;

export!(Kernel);

impl exports::bench::kernel::compute::Guest for Kernel {
    fn kernel(n: u32) -> u64 {
        mandelbrot::steps(n)
    }
}
