//! Draws a graph in the language of Graphviz.

use std::fmt::Write as _;

use super::Graph;
use super::picture::{Kind, Picture};

impl Graph {
    /// The graph in the DOT language, for `dot -Tsvg`.
    pub fn dot(&self) -> String {
        let picture = Picture::new(self);
        let mut out = format!("digraph {} {{\n", quoted(&self.name));
        out += "  rankdir=LR;\n";
        out += "  node [shape=box, style=rounded, fontname=\"Helvetica\"];\n";
        out += "  edge [fontname=\"Helvetica\", fontsize=10];\n";
        for (index, shape) in picture.boxes.iter().enumerate() {
            let style = match shape.kind {
                Kind::Node => "",
                Kind::Exports | Kind::Outside => ", style=\"rounded,dashed\"",
            };
            let (label, title) = (quoted(&shape.lines.join("\n")), quoted(&shape.title));
            let _ = writeln!(out, "  n{index} [label={label}, tooltip={title}{style}];");
        }
        for link in &picture.links {
            let (label, title) = (quoted(&link.label), quoted(&link.title));
            let style = if link.label.is_empty() { ", style=dashed" } else { "" };
            let _ =
                writeln!(out, "  n{} -> n{} [label={label}, tooltip={title}{style}];", link.from, link.to);
        }
        out + "}\n"
    }
}

/// A string of DOT. Backslashes begin escapes there, and what cannot be shown is left out.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // Graphviz reads entities in labels.
            '&' => out.push_str("&amp;"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn strings_are_escaped() {
        assert_eq!(quoted("a\"b\\c\nd\te&lt;"), r#""a\"b\\c\nd e&amp;lt;""#);
    }
}
