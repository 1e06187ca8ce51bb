//! Shows a place in a text file: its line and column, the line itself, and marks below what is meant.

use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::error::CommandError;

/// How wide a drawn line may be, in columns; what is beyond is left out around the mark.
const WIDTH_MAX: usize = 140;

/// A part of a text, and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Where it stands, in bytes of the text; what is beyond the end is cut.
    pub(crate) span: Range<usize>,
    /// What is said beside it; may be empty.
    pub(crate) label: String,
}

impl Mark {
    /// A mark with a label.
    pub(crate) fn new(span: Range<usize>, label: impl Into<String>) -> Self {
        Self { span, label: label.into() }
    }
}

/// `PATH:LINE:COLUMN: message` with the line and a mark below; without a span only the file is named.
pub(crate) fn place_error(
    path: &Path,
    text: &str,
    span: Option<Range<usize>>,
    message: &str,
) -> CommandError {
    let message = message.trim().replace('\n', "; ");
    let Some(span) = span else {
        return CommandError::usage(format!("{}: {message}", path.display()));
    };
    let mark = Mark::new(span, "");
    let (line, column) = position(text, within(text, &mark.span).start);
    CommandError::usage(format!("{}:{line}:{column}: {message}", path.display())).detail(render(
        text,
        None,
        &[mark],
    ))
}

/// The marked lines of a file below `--> PATH:LINE:COLUMN`, that of the first mark; the first mark is drawn with `^`,
/// the others with `-`. Nothing without marks.
pub(crate) fn draw(path: &Path, text: &str, marks: &[Mark]) -> String {
    if marks.is_empty() {
        return String::new();
    }
    render(text, Some(path), marks)
}

/// Line and column of a byte of `text`, both from 1; columns are counted in characters.
pub(crate) fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(byte)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn render(text: &str, path: Option<&Path>, marks: &[Mark]) -> String {
    let mut snippet = Snippet::source(text).fold(true);
    if let Some(path) = path {
        snippet = snippet.path(path.display().to_string());
    }
    for (position, mark) in marks.iter().enumerate() {
        let kind = if position == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(within(text, &mark.span));
        snippet = snippet.annotation(if mark.label.is_empty() {
            annotation
        } else {
            annotation.label(mark.label.as_str())
        });
    }
    let group = Group::with_level(Level::ERROR).element(snippet);
    let drawn = Renderer::plain().term_width(WIDTH_MAX).render(&[group]);
    let lines: Vec<&str> = drawn.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// The span within the text and between letters; a span of several lines is cut after the first.
pub(crate) fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length);
    start..text.ceil_char_boundary(span.end.clamp(start, line_end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_is_a_line_and_a_mark() {
        let text = "[project]\nname = \"shop\"\n[components.Cart]\n";
        let error = place_error(Path::new("wkit.toml"), text, Some(36..40), "no such name");
        assert_eq!(error.message(), "wkit.toml:3:13: no such name");
        assert_eq!(error.causes(), ["  |\n3 | [components.Cart]\n  |             ^^^^"]);
        let error = place_error(Path::new("wkit.toml"), text, None, "no such name");
        assert_eq!(error.message(), "wkit.toml: no such name");
    }

    #[test]
    fn several_places_are_drawn_together() {
        let text = "[components.a]\n[components.b]\n\n\n\n\n\n[compose]\nsocket = \"a\"\n";
        let marks = [Mark::new(12..13, "needs it"), Mark::new(27..28, "has it"), Mark::new(54..57, "here")];
        assert_eq!(
            draw(Path::new("wkit.toml"), text, &marks),
            " --> wkit.toml:1:13\n  |\n1 | [components.a]\n  |             ^ needs it\n2 | [components.b]\n  |             - has it\n...\n9 | socket = \"a\"\n  |          --- here"
        );
        assert_eq!(draw(Path::new("wkit.toml"), text, &[]), "");
    }

    #[test]
    fn odd_spans_and_letters_do_no_harm() {
        let text = "a = \"äö\"\r\nb = \"\t日本\"\r\n";
        for start in 0..text.len() + 3 {
            for end in 0..text.len() + 3 {
                let drawn = draw(Path::new("x"), text, &[Mark::new(start..end, "here")]);
                assert!(drawn.contains("here"), "{start} {end}\n{drawn}");
            }
        }
        assert_eq!(position(text, 7), (1, 7));
        assert_eq!(position(text, 17), (2, 6));
        assert_eq!(draw(Path::new("x"), "", &[Mark::new(3..9, "here")]).lines().count(), 4);
    }
}
