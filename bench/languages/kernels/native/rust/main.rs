//! The kernel in Rust, without Wasm: prints its result.

#[path = "../../rust/src/mandelbrot.rs"]
mod mandelbrot;

fn main() {
    let n = std::env::args().nth(1).and_then(|n| n.parse().ok()).expect("the size of the grid");
    println!("{}", mandelbrot::steps(n));
}
