//! The words of WAVE, the text form of component-model values.

use std::borrow::Cow;
use std::ops::Range;

/// One word, with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind<'a>,
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind<'a> {
    /// One of `{}()[]:,`.
    Sign(char),
    Number(&'a str),
    /// A name, without a `%` before it; the flag says whether there was one.
    Name(&'a str, bool),
    Char(char),
    String(Cow<'a, str>),
    /// A lone `_`, which WAVE does not have: any argument, the default value.
    Blank,
    End,
}

/// What is no word, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoToken {
    pub(super) span: Range<usize>,
    pub(super) reason: &'static str,
}

/// Reads one word after the other.
#[derive(Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The text that is read.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The next word, which stays the next one.
    pub(super) fn peek(&self) -> Result<Token<'a>, NoToken> {
        self.clone().next()
    }

    /// The next word.
    pub(super) fn next(&mut self) -> Result<Token<'a>, NoToken> {
        self.skip_blanks();
        let start = self.at;
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else {
            return Ok(Token { kind: TokenKind::End, span: start..start });
        };
        let kind = match first {
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | ',' => {
                self.at += 1;
                TokenKind::Sign(first)
            }
            '"' if rest.starts_with("\"\"\"") => self.lines(start)?,
            '"' => self.string(start)?,
            '\'' => self.char(start)?,
            '-' | '0'..='9' => self.number(),
            '_' if !rest[1..].starts_with(is_name_character) => {
                self.at += 1;
                TokenKind::Blank
            }
            '%' | 'a'..='z' | 'A'..='Z' => self.name(),
            _ => {
                let span = start..start + first.len_utf8();
                return Err(NoToken { span, reason: "no value begins like this" });
            }
        };
        Ok(Token { kind, span: start..self.at })
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn number(&mut self) -> TokenKind<'a> {
        let rest = &self.text[self.at..];
        if rest.starts_with("-inf") {
            self.at += 4;
            return TokenKind::Number("-inf");
        }
        let mut before = ' ';
        let end = rest.find(|character: char| {
            let sign = matches!(character, '-' | '+') && matches!(before, ' ' | 'e' | 'E');
            before = character;
            !(sign || character.is_ascii_alphanumeric() || character == '.')
        });
        let number = &rest[..end.unwrap_or(rest.len())];
        self.at += number.len();
        TokenKind::Number(number)
    }

    fn name(&mut self) -> TokenKind<'a> {
        let rest = &self.text[self.at..];
        let (name, escaped) = match rest.strip_prefix('%') {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let name = &name[..name.find(|c| !is_name_character(c)).unwrap_or(name.len())];
        self.at += name.len() + usize::from(escaped);
        TokenKind::Name(name, escaped)
    }

    fn char(&mut self, start: usize) -> Result<TokenKind<'a>, NoToken> {
        self.at += 1;
        let character = self.text[self.at..].chars().next().filter(|c| !matches!(c, '\'' | '\n'));
        let character = match character {
            Some('\\') => self.escape()?,
            Some(character) => {
                self.at += character.len_utf8();
                character
            }
            None => return Err(NoToken { span: start..self.at, reason: "a `char` is one character" }),
        };
        if !self.text[self.at..].starts_with('\'') {
            return Err(NoToken { span: start..self.at, reason: "a `char` is one character between `'`" });
        }
        self.at += 1;
        Ok(TokenKind::Char(character))
    }

    fn string(&mut self, start: usize) -> Result<TokenKind<'a>, NoToken> {
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let rest = &self.text[self.at..];
            let end = rest.find(['"', '\\', '\n']).unwrap_or(rest.len());
            let part = &rest[..end];
            if text.is_empty() {
                text = Cow::Borrowed(part);
            } else {
                text.to_mut().push_str(part);
            }
            self.at += end;
            match rest[end..].chars().next() {
                Some('"') => {
                    self.at += 1;
                    return Ok(TokenKind::String(text));
                }
                Some('\\') => {
                    let character = self.escape()?;
                    text.to_mut().push(character);
                }
                _ => {
                    return Err(NoToken {
                        span: start..self.at,
                        reason: "the string does not end on its line",
                    });
                }
            }
        }
    }

    /// A string over several lines: after the quotes a new line, and before the last ones the indentation of all.
    fn lines(&mut self, start: usize) -> Result<TokenKind<'a>, NoToken> {
        let inner = start + 3;
        let Some(len) = self.text[inner..].find("\"\"\"") else {
            return Err(NoToken {
                span: start..self.text.len(),
                reason: "the string does not end with `\"\"\"`",
            });
        };
        let end = inner + len;
        let mut lines = self.text[inner..end].split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        let indent = lines.next_back().unwrap_or_default();
        let first = lines.next();
        if first != Some("") || indent.contains(|c| c != ' ') {
            return Err(NoToken {
                span: start..end + 3,
                reason: "`\"\"\"` stands at the end and at the start of a line",
            });
        }
        let mut text = String::new();
        for (index, line) in lines.enumerate() {
            let Some(line) = line.strip_prefix(indent) else {
                return Err(NoToken {
                    span: start..end + 3,
                    reason: "a line is indented less than the last `\"\"\"`",
                });
            };
            if index > 0 {
                text.push('\n');
            }
            let mut parts = Tokens::new(line);
            while let Some(character) = parts.text[parts.at..].chars().next() {
                if character == '\\' {
                    let escape = parts.escape().map_err(|error| NoToken { span: start..end + 3, ..error })?;
                    text.push(escape);
                } else {
                    parts.at += character.len_utf8();
                    text.push(character);
                }
            }
        }
        self.at = end + 3;
        Ok(TokenKind::String(Cow::Owned(text)))
    }

    /// What stands after a `\`.
    fn escape(&mut self) -> Result<char, NoToken> {
        let start = self.at;
        let rest = &self.text[start + 1..];
        let (character, len) = match rest.chars().next() {
            Some(same @ ('\\' | '\'' | '"')) => (Some(same), 1),
            Some('t') => (Some('\t'), 1),
            Some('n') => (Some('\n'), 1),
            Some('r') => (Some('\r'), 1),
            Some('u') => {
                let digits = rest[1..]
                    .strip_prefix('{')
                    .and_then(|rest| rest.split_once('}'))
                    .map(|(digits, _)| digits);
                let digits = digits.filter(|digits| (1..=6).contains(&digits.len())).unwrap_or_default();
                let number = u32::from_str_radix(digits, 16).ok();
                (number.and_then(char::from_u32), digits.len() + 3)
            }
            _ => (None, 0),
        };
        match character {
            Some(character) => {
                self.at = start + 1 + len;
                Ok(character)
            }
            None => Err(NoToken { span: start..start + 1, reason: "no character is written like this" }),
        }
    }
}

fn is_name_character(character: char) -> bool {
    character == '-' || character == '_' || character.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind<'_>> {
        let mut tokens = Tokens::new(text);
        let mut kinds = Vec::new();
        loop {
            match tokens.next().unwrap().kind {
                TokenKind::End => return kinds,
                kind => kinds.push(kind),
            }
        }
    }

    #[test]
    fn reads_words() {
        use TokenKind::{Blank, Char, Name, Number, Sign};
        let string = |text: &str| TokenKind::String(Cow::Owned(text.to_owned()));
        let expected = [
            Sign('('),
            Number("-1"),
            Sign(','),
            Number("2.5e-3"),
            Sign(','),
            Number("-inf"),
            Sign(','),
            Blank,
            Sign(')'),
        ];
        assert_eq!(kinds("(-1, 2.5e-3 ,-inf,\n_) // the end"), expected);
        assert_eq!(kinds("%some a-b"), [Name("some", true), Name("a-b", false)]);
        assert_eq!(kinds(r"'\u{e4}' '\''"), [Char('ä'), Char('\'')]);
        assert_eq!(kinds(r#""a\tb\"" """#), [string("a\tb\""), string("")]);
        assert_eq!(kinds("\"\"\"\n  one\n    two \\u{41}\n  \"\"\""), [string("one\n  two A")]);
    }

    #[test]
    fn says_what_is_no_word() {
        for (text, span) in [
            ("\"ab", 0..3),
            ("'ab'", 0..2),
            ("  #", 2..3),
            (r#""\x""#, 1..2),
            ("\"\"\"a\"\"\"", 0..7),
            (r"'\u{110000}'", 1..2),
            ("''", 0..1),
        ] {
            assert_eq!(Tokens::new(text).next().unwrap_err().span, span, "{text}");
        }
    }

    #[test]
    fn long_strings_need_no_stack() {
        let text = format!("\"{}\"", "\\n".repeat(1 << 20));
        assert_eq!(kinds(&text), [TokenKind::String("\n".repeat(1 << 20).into())]);
    }
}
