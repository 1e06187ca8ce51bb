//! Recognises what a file is that is not Wasm, so that the error can say so.

/// The four bytes that every Wasm binary begins with.
pub(crate) const MAGIC: &[u8; 4] = b"\0asm";

/// Says what `bytes` look like, for example "WIT text" or "bytes `1f 00`".
pub(crate) fn describe(bytes: &[u8]) -> String {
    if let Some(kind) = binary_kind(bytes) {
        return kind.to_owned();
    }
    if let Some(kind) = text_kind(bytes) {
        return kind.to_owned();
    }
    let first: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("a file that begins with the bytes `{}`", first.join(" "))
}

fn binary_kind(bytes: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 10] = [
        (b"\x7fELF", "a native program (ELF)"),
        (b"MZ", "a native program (Windows)"),
        (b"\xcf\xfa\xed\xfe", "a native program (Mach-O)"),
        (b"\x1f\x8b", "gzip data; unpack it first"),
        (b"\x28\xb5\x2f\xfd", "zstd data; unpack it first"),
        (b"PK\x03\x04", "a zip archive"),
        (b"!<arch>\n", "a static library"),
        (b"BC\xc0\xde", "LLVM bitcode"),
        (b"%PDF", "a PDF document"),
        (b"\x89PNG", "an image"),
    ];
    kinds.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| *kind)
}

fn text_kind(bytes: &[u8]) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(4096)];
    // A character may be cut at the end of the window; everything before it must be text.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text.chars().any(|character| character.is_control() && !character.is_whitespace()) {
        return None;
    }
    let start = skip_comments(text);
    let lower = start.get(..start.len().min(64)).unwrap_or(start).to_ascii_lowercase();
    let begins =
        |word: &str| lower.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\t', '\n', '\r']));
    Some(if lower.starts_with("<!doctype") || lower.starts_with("<html") || lower.starts_with("<?xml") {
        "an HTML or XML page, perhaps the error page of a server"
    } else if lower.starts_with("(module") || lower.starts_with("(component") {
        "Wasm in text form (WAT); turn it into a binary first, for example with `wasm-tools parse`"
    } else if lower.starts_with('{') || lower.starts_with("[{") || lower.starts_with("[\"") {
        "JSON text"
    } else if begins("package") || begins("interface") || begins("world") || lower.starts_with("@since") {
        "WIT text; a component or a binary WIT package is needed"
    } else if lower.starts_with("version https://git-lfs") {
        "a Git LFS pointer, not the file itself; fetch the file with `git lfs pull`"
    } else if lower.starts_with("#!") {
        "a script"
    } else if text.trim().is_empty() {
        "nothing but white space"
    } else {
        "text"
    })
}

/// Skips white space and the comments of WIT and WAT.
fn skip_comments(text: &str) -> &str {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let next = if rest.starts_with("//") || rest.starts_with(";;") {
            rest.split_once('\n').map(|(_, after)| after)
        } else if rest.starts_with("/*") {
            rest.split_once("*/").map(|(_, after)| after)
        } else if rest.starts_with("(;") {
            rest.split_once(";)").map(|(_, after)| after)
        } else {
            return rest;
        };
        match next {
            Some(next) => rest = next.trim_start(),
            None => return "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn knows_the_usual_files() {
        for (bytes, expected) in [
            (&b"\x7fELF\x02\x01"[..], "ELF"),
            (b"\x1f\x8b\x08\0", "gzip"),
            (b"<!DOCTYPE html>", "HTML"),
            (b"{\"errors\":[]}", "JSON"),
            (b"// a file\npackage a:b;\n", "WIT text"),
            (b"/* hi */ world x {}", "WIT text"),
            (b"\xef\xbb\xbfinterface x {}", "WIT text"),
            (b";; c\n(module)", "WAT"),
            (b"(component)", "WAT"),
            (b"hello", "text"),
            (b"  \n", "white space"),
            (b"#!/bin/sh\n", "script"),
            (b"\xff\xfe\x00\x01", "`ff fe 00 01`"),
        ] {
            assert!(describe(bytes).contains(expected), "{bytes:?} gave {}", describe(bytes));
        }
    }

    #[test]
    fn a_character_cut_by_the_window_is_still_text() {
        let mut text = "x".repeat(4095).into_bytes();
        text.extend("é".bytes());
        assert_eq!(describe(&text), "text");
    }
}
