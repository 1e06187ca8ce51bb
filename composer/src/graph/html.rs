//! A graph as one page that needs nothing else.

use std::fmt::Write as _;

use super::error::GraphError;
use super::svg::escaped;
use super::{Graph, size};

const STYLE: &str = "\
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --rim: #d1d9e0; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --rim: #3d444d; } }
body { margin: 2rem auto; padding: 0 1rem; max-width: 90rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
.picture { overflow-x: auto; border: 1px solid var(--rim); border-radius: 8px; margin: 1rem 0 2rem; }
.picture svg { display: block; max-width: max(100%, var(--least)); height: auto; margin: 0 auto; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; margin-bottom: 2rem; }
caption { text-align: left; font-size: 18px; font-weight: 600; padding: 0.5rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.8rem 0.4rem 0; border-bottom: 1px solid var(--rim); }
thead th { color: var(--soft); font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: 13px; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid #0969da; outline-offset: 2px; }
";

impl Graph {
    /// The graph as one HTML page: the picture, and everything in it as tables. It works without scripts and loads
    /// nothing.
    ///
    /// # Errors
    ///
    /// The graph is too large: [`GraphError::TooLargeToDraw`].
    pub fn html(&self) -> Result<String, GraphError> {
        let title = escaped(&self.name);
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}: who is wired to whom</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1>{title}</h1>\n"
        );
        let size = self.size_bytes.map(|bytes| format!(", {}", size(bytes))).unwrap_or_default();
        let _ = writeln!(out, "<p>{}{size}</p>", self.amount());
        if let Some(digest) = &self.digest {
            let _ = writeln!(out, "<p><code>{digest}</code></p>");
        }
        // Smaller than that, its text is hard to read; then it scrolls.
        let (svg, width) = self.svg_element()?;
        let least = width * 0.8;
        let _ = writeln!(
            out,
            "<div class=\"picture\" style=\"--least: {least:.0}px\" tabindex=\"0\" role=\"group\" aria-label=\"picture of the graph\">\n{svg}</div>"
        );
        self.node_table(&mut out);
        self.wire_table(&mut out);
        self.outside_table(&mut out);
        self.export_table(&mut out);
        Ok(out + "</main>\n</body>\n</html>\n")
    }

    fn node_table(&self, out: &mut String) {
        let rows = self.nodes.iter().enumerate().map(|(index, node)| {
            let component = self.component(node);
            let digest = component.digest.as_ref().map(ToString::to_string).unwrap_or_default();
            let tools = component.tools.join(", ");
            let size = component.size_bytes.map(size).unwrap_or_default();
            [
                text(&self.full_name(index)),
                text(&component.name),
                text(&component.languages.join(", ")),
                text(&tools),
                (size, true, false),
                code(&digest),
            ]
        });
        table(out, "Instances", ["instance", "component", "language", "made with", "size", "digest"], rows);
    }

    fn wire_table(&self, out: &mut String) {
        let rows = self.edges.iter().map(|edge| {
            let label = edge.implements.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
            let functions = edge.functions.map(|count| count.to_string()).unwrap_or_default();
            [
                text(&self.full_name(edge.importer)),
                code(&format!("{}{label}", edge.import)),
                text(&self.full_name(edge.exporter)),
                code(&edge.export),
                (functions, true, false),
            ]
        });
        table(out, "Wires", ["instance", "needs", "from", "its export", "functions"], rows);
    }

    fn outside_table(&self, out: &mut String) {
        let rows = self.imports.iter().map(|import| {
            let importers: Vec<String> =
                import.importers.iter().map(|importer| self.full_name(importer.node)).collect();
            [code(&import.name), text(&importers.join(", "))]
        });
        table(out, "From outside", ["import", "needed by"], rows);
    }

    fn export_table(&self, out: &mut String) {
        let rows = self.exports.iter().map(|export| {
            let place = |node: Option<usize>| node.map_or("outside".to_owned(), |node| self.full_name(node));
            let from: Vec<String> = export.from.iter().map(|end| place(end.node)).collect();
            let names: Vec<String> = export.from.iter().map(|end| end.export.clone()).collect();
            [code(&export.name), text(&from.join(", ")), code(&names.join(", "))]
        });
        table(out, "Exports", ["export", "from", "its export"], rows);
    }
}

/// A cell: its text, whether it is a number, and whether it is a name of code.
type Cell = (String, bool, bool);

fn text(text: &str) -> Cell {
    (text.to_owned(), false, false)
}

fn code(text: &str) -> Cell {
    (text.to_owned(), false, !text.is_empty())
}

/// A table, unless it has no rows; the first cell of each row is its heading.
fn table<const COLUMNS: usize>(
    out: &mut String,
    caption: &str,
    header: [&str; COLUMNS],
    rows: impl Iterator<Item = [Cell; COLUMNS]>,
) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = write!(out, "<div class=\"table\">\n<table>\n<caption>{caption}</caption>\n<thead><tr>");
    for name in header {
        let _ = write!(out, "<th scope=\"col\">{name}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (position, (text, is_number, is_code)) in row.iter().enumerate() {
            let text = escaped(text);
            let text = if *is_code { format!("<code>{text}</code>") } else { text };
            let _ = match (position, is_number) {
                (0, _) => write!(out, "<th scope=\"row\">{text}</th>"),
                (_, true) => write!(out, "<td class=\"number\">{text}</td>"),
                _ => write!(out, "<td>{text}</td>"),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}
