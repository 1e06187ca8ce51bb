//! What a registry asks for when it refuses: the `WWW-Authenticate` header (RFC 9110, section 11.6.1).

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// The challenges of one answer that this client can meet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Challenges {
    pub(super) bearer: Option<Bearer>,
    pub(super) basic: bool,
}

/// Get a token there (distribution project, "Token Authentication Specification").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bearer {
    pub(super) realm: String,
    pub(super) service: Option<String>,
    pub(super) scope: Option<String>,
}

impl Challenges {
    /// Reads all the headers; what is not understood is passed over.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut challenges = Self::default();
        for value in headers.get_all(WWW_AUTHENTICATE) {
            if let Ok(text) = value.to_str() {
                challenges.read_value(text);
            }
        }
        challenges
    }

    fn read_value(&mut self, text: &str) {
        let mut open: Option<Bearer> = None;
        for item in split(text) {
            let (scheme, parameter) = separate(item);
            if let Some(scheme) = scheme {
                self.close(open.take());
                if scheme.eq_ignore_ascii_case("basic") {
                    self.basic = true;
                } else if scheme.eq_ignore_ascii_case("bearer") {
                    open = Some(Bearer::default());
                }
            }
            let (Some(bearer), Some((name, value))) = (open.as_mut(), parameter.split_once('=')) else {
                continue;
            };
            let value = unquote(value.trim());
            match name.trim().to_ascii_lowercase().as_str() {
                "realm" => bearer.realm = value,
                "service" => bearer.service = Some(value),
                "scope" => bearer.scope = Some(value),
                _ => {}
            }
        }
        self.close(open);
    }

    fn close(&mut self, bearer: Option<Bearer>) {
        if let Some(bearer) = bearer.filter(|bearer| !bearer.realm.is_empty()) {
            self.bearer.get_or_insert(bearer);
        }
    }
}

/// Splits at the commas outside of quotes.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => escaped = true,
            _ => {}
        }
        c == ',' && !quoted
    })
    .map(str::trim)
    .filter(|item| !item.is_empty())
}

/// Separates `Bearer realm="x"` to its scheme and its first parameter; an item without a scheme is a parameter.
fn separate(item: &str) -> (Option<&str>, &str) {
    let end = item.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(item.len());
    let (word, rest) = item.split_at(end);
    if rest.trim_start().starts_with('=') { (None, item) } else { (Some(word), rest.trim_start()) }
}

fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').map(|text| text.strip_suffix('"').unwrap_or(text)) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        out.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Challenges {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenges::read(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Bearer> {
        Some(Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        })
    }

    #[test]
    fn forms() {
        let one = r#"Bearer realm="https://a.example/token",service="wkit",scope="repository:a/b:pull,push""#;
        assert_eq!(
            read(&[one]).bearer,
            bearer("https://a.example/token", Some("wkit"), Some("repository:a/b:pull,push"))
        );
        let spaced = r#"bearer  realm = "https://a.example/t\"x" , error="invalid_token""#;
        assert_eq!(read(&[spaced]).bearer, bearer("https://a.example/t\"x", None, None));
        let both = read(&[r#"Basic realm="x", Bearer realm=y,service=z"#]);
        assert!(both.basic);
        assert_eq!(both.bearer, bearer("y", Some("z"), None));
        let lines = read(&["Negotiate", "Basic realm=\"x\"", one]);
        assert!(lines.basic && lines.bearer.is_some());
    }

    #[test]
    fn what_is_not_understood_is_no_challenge() {
        for value in
            ["", ",,,", "Bearer", "Bearer service=\"x\"", "Digest realm=\"x\"", "=", "\"", "Negotiate abc=="]
        {
            assert_eq!(read(&[value]), Challenges::default(), "{value:?}");
        }
        assert_eq!(read(&["Bearer realm=\"open"]).bearer, bearer("open", None, None));
    }
}
