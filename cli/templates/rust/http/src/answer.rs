//! What is answered. Nothing here knows of Wasm, so `cargo test` tests it as it is.

/// The answer to a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// Answers a request for `target`: a path, perhaps with a query.
pub fn answer(target: &str) -> Answer {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != "/" {
        return Answer {
            status: 404,
            body: format!("nothing at {path}\n"),
        };
    }
    let name = form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "name")
        .map(|(_, value)| value);
    Answer {
        status: 200,
        body: format!("Hello, {}!\n", name.as_deref().unwrap_or("world")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(body: &str) -> Answer {
        Answer {
            status: 200,
            body: body.to_owned(),
        }
    }

    #[test]
    fn greets_the_world() {
        assert_eq!(answer("/"), greeting("Hello, world!\n"));
    }

    #[test]
    fn greets_whom_the_query_names() {
        assert_eq!(answer("/?name=Ada"), greeting("Hello, Ada!\n"));
        assert_eq!(
            answer("/?lang=en&name=Ada%20L."),
            greeting("Hello, Ada L.!\n")
        );
    }

    #[test]
    fn knows_no_other_path() {
        assert_eq!(answer("/elsewhere").status, 404);
    }
}
