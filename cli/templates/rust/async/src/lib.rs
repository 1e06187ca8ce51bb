//! Implements the world of `wit/world.wit` with the asynchronous part of the component model (WASI 0.3).

mod greeting;

use exports::local::{{name_snake}}::greet::Guest;
use greeting::greeting;
use wit_bindgen::StreamReader;

wit_bindgen::generate!({ path: "wit", world: "{{name}}" });

struct Component;

export!(Component);

impl Guest for Component {
    async fn greet(name: String) -> String {
        greeting(&name)
    }

    async fn greet_all(mut names: StreamReader<String>) -> StreamReader<String> {
        let (mut writer, greetings) = wit_stream::new();
        // The caller gets the stream at once; what is written to it comes from this task, name by name.
        wit_bindgen::spawn_local(async move {
            while let Some(name) = names.next().await {
                if writer.write_one(greeting(&name)).await.is_some() {
                    // Nobody reads any more.
                    return;
                }
            }
        });
        greetings
    }
}
