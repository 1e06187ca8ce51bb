//! Answers in place of a host. It imports nothing but what is baked in, so nothing can get out through it.

mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "provider" });
}

mod clock;
mod files;
mod io;
mod random;

/// The one type that all interfaces are implemented on.
struct Provider;

bindings::export!(Provider with_types_in bindings);
