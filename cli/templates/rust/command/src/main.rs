//! Greets whom the first argument names, or the world.

mod greeting;

use std::env;

use greeting::greeting;

fn main() {
    let name = env::args().nth(1);
    println!("{}", greeting(name.as_deref().unwrap_or("world")));
}
