//! Draws a graph in the language of Mermaid, which Markdown pages of many hosts show as a picture.

use std::fmt::Write as _;

use super::Graph;
use super::picture::{Kind, Picture};

impl Graph {
    /// The graph as a flowchart of Mermaid.
    pub fn mermaid(&self) -> String {
        let picture = Picture::new(self);
        let mut out = String::from("flowchart LR\n");
        for (index, shape) in picture.boxes.iter().enumerate() {
            let lines: Vec<String> = shape.lines.iter().map(|line| escaped(line)).collect();
            let class = match shape.kind {
                Kind::Node => "",
                Kind::Exports | Kind::Outside => ":::border",
            };
            let _ = writeln!(out, "  n{index}[\"{}\"]{class}", lines.join("<br/>"));
        }
        for link in &picture.links {
            let _ = match link.label.as_str() {
                "" => writeln!(out, "  n{} -.-> n{}", link.from, link.to),
                label => writeln!(out, "  n{} -->|\"{}\"| n{}", link.from, escaped(label), link.to),
            };
        }
        out += "  classDef border stroke-dasharray:4 3\n";
        out
    }
}

/// Text in quotes of Mermaid: letters, digits and what no parser minds stay as they are, all else becomes an entity.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            control if control.is_control() => out.push(' '),
            plain if plain.is_alphanumeric() || " -,:/@()?=+%~".contains(plain) => out.push(plain),
            // A dot is harmless but between a number and a space, where it makes a list of Markdown.
            '.' if characters.peek().is_some_and(|next| *next != ' ') => out.push('.'),
            other => {
                let _ = write!(out, "#{};", u32::from(other));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_the_language_knows_is_escaped() {
        for plain in ["shop:orders/cart@0.1.0", "5.2 KiB"] {
            assert_eq!(escaped(plain), plain);
        }
        assert_eq!(
            escaped("1. a \"b\" `c` #d; <e> [f] {g}|h|\n"),
            "1#46; a #34;b#34; #96;c#96; #35;d#59; #60;e#62; #91;f#93; #123;g#125;#124;h#124; "
        );
    }
}
