//! What is said. Nothing here knows of Wasm, so `cargo test` tests it as it is.

/// A greeting for `name`.
pub fn greeting(name: &str) -> String {
    format!("Hello, {name}!")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greets_by_name() {
        assert_eq!(greeting("Ada"), "Hello, Ada!");
        assert_eq!(greeting("world"), "Hello, world!");
    }
}
