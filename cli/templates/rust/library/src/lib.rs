//! Implements the world of `wit/world.wit`.

mod greeting;

use exports::local::{{name_snake}}::greet::Guest;

wit_bindgen::generate!({ path: "wit", world: "{{name}}" });

struct Component;

export!(Component);

impl Guest for Component {
    fn greet(name: String) -> String {
        greeting::greeting(&name)
    }
}
