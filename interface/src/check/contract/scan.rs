//! A look at WIT before it is parsed, for what the parser takes long for.

/// What counts in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Scan {
    /// How many packages begin in it.
    pub(super) packages: usize,
    /// How many names with a type the longest list of parameters has.
    pub(super) parameters: usize,
}

/// Looks through a source. It may be no WIT at all.
pub(super) fn scan(text: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut at = 0;
    // How many parameters there were in the open parentheses.
    let mut open: Option<usize> = None;
    let mut last_word: &[u8] = b"";
    while let Some(byte) = text.get(at) {
        let rest = &text[at..];
        let word = rest.iter().take_while(|byte| is_word(**byte)).count();
        let mut length = word.max(1);
        match byte {
            _ if word > 0 => {
                scan.packages += usize::from(last_word == b"package" && rest.get(word) == Some(&b':'));
                last_word = &rest[..word];
            }
            b'/' if rest.starts_with(b"//") => {
                length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            }
            b'/' if rest.starts_with(b"/*") => length = comment(rest),
            b'(' => open = Some(0),
            b')' | b';' | b'{' | b'}' => open = None,
            b':' => {
                open = open.map(|count| count + 1);
                scan.parameters = scan.parameters.max(open.unwrap_or_default());
            }
            _ => {}
        }
        at += length;
    }
    scan
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'%')
}

/// The length of a comment in which there may be others.
fn comment(text: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < text.len() {
        match &text[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{Scan, scan};

    #[test]
    fn packages_and_parameters_are_counted() {
        for (text, packages, parameters) in [
            ("", 0, 0),
            ("package a:b;", 1, 0),
            ("package a:b { } package c:d@1.0.0 { }", 2, 0),
            ("/// The package a:b\npackage a:b;", 1, 0),
            ("/* package a:b /* package */ package c:d; */ package e:f;", 1, 0),
            ("/* /* package a:b;", 0, 0),
            ("f: func(a: u8, b: u8, /* c: u8, d: */ c: u8);", 0, 3),
            ("record r { a: u8, b: u8 }", 0, 0),
        ] {
            assert_eq!(scan(text.as_bytes()), Scan { packages, parameters }, "{text}");
        }
    }
}
