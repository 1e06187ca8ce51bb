//! Draws a graph as a picture that needs no other program.

use std::fmt::Write as _;

use super::Graph;
use super::error::GraphError;
use super::layout::{self, Line, Place, Size, Wanted};
use super::picture::{Kind, Link, Picture, Shape};
use super::width::{shortened, width};

const MARGIN: f64 = 16.0;
const NAME_SIZE: f64 = 14.0;
const TEXT_SIZE: f64 = 11.0;
/// The room between text and the sides of its box.
const PADDING: f64 = 12.0;
const TEXT_WIDTH_MAX: f64 = 210.0;
const LABEL_WIDTH_MAX: f64 = 130.0;
/// More lines than this have no labels: there would be more text than anybody reads. Their titles stay.
const LABELS_MAX: usize = 40;

/// Colours by name, so that a page or a dark screen can have others.
const STYLE: &str = "\
svg.wkit-graph { --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --box: #f6f8fa; --edge: #818b98; --rim: #d1d9e0; --warn: #9a6700; }
@media (prefers-color-scheme: dark) { svg.wkit-graph { --paper: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --box: #151b23; --edge: #768390; --rim: #3d444d; --warn: #d29922; } }
.wkit-graph { background: var(--paper, #ffffff); }
.wkit-graph text { font-family: Arial, Helvetica, 'Liberation Sans', sans-serif; font-size: 11px; fill: #59636e; fill: var(--soft); }
.wkit-graph .name { font-size: 14px; font-weight: 600; fill: #1f2328; fill: var(--ink); }
.wkit-graph rect { fill: #f6f8fa; fill: var(--box); stroke: #d1d9e0; stroke: var(--rim); }
.wkit-graph .border rect { fill: none; stroke-dasharray: 5 4; }
.wkit-graph path { fill: none; stroke: #818b98; stroke: var(--edge); stroke-width: 1.2; }
.wkit-graph .open path { stroke-dasharray: 4 4; }
.wkit-graph .skew path { stroke: #9a6700; stroke: var(--warn); }
.wkit-graph .skew text { fill: #9a6700; fill: var(--warn); }
.wkit-graph marker path { fill: #818b98; fill: var(--edge); stroke: none; }
.wkit-graph g:hover > path { stroke-width: 2.4; }
";

impl Graph {
    /// The graph as an SVG document, with colours for light and dark screens.
    ///
    /// # Errors
    ///
    /// The graph is too large: [`GraphError::TooLargeToDraw`].
    pub fn svg(&self) -> Result<String, GraphError> {
        Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", self.svg_element()?.0))
    }

    /// The same as an element of a page, and its width in pixels.
    pub(super) fn svg_element(&self) -> Result<(String, f64), GraphError> {
        let picture = Picture::new(self);
        let has_labels = picture.links.len() <= LABELS_MAX;
        let sizes: Vec<Size> = picture
            .boxes
            .iter()
            .enumerate()
            .map(|(index, shape)| size_of(shape, index, &picture.links))
            .collect();
        let wanted: Vec<Wanted> = picture.links.iter().map(|link| wanted(link, has_labels)).collect();
        let layout = layout::layout(&sizes, &wanted)?;
        let (total_width, total_height) =
            (layout.size.width + 2.0 * MARGIN, layout.size.height + 2.0 * MARGIN);
        let mut out = String::new();
        let _ = writeln!(
            out,
            "<svg class=\"wkit-graph\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{total_width:.0}\" height=\"{total_height:.0}\" \
             viewBox=\"{:.0} {:.0} {total_width:.0} {total_height:.0}\" role=\"img\" aria-labelledby=\"graph-title graph-desc\">",
            -MARGIN, -MARGIN
        );
        let _ = writeln!(out, "<title id=\"graph-title\">{}</title>", escaped(&self.heading()));
        let _ = writeln!(out, "<desc id=\"graph-desc\">{}</desc>", escaped(&self.description()));
        let _ = writeln!(out, "<style>\n{STYLE}</style>");
        out += "<defs><marker id=\"needs\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
                orient=\"auto\"><path d=\"M0 0.5 L8 4 L0 7.5 z\"/></marker></defs>\n";
        for (link, line) in picture.links.iter().zip(&layout.lines) {
            draw_line(&mut out, link, line);
        }
        for (shape, place) in picture.boxes.iter().zip(&layout.boxes) {
            draw_box(&mut out, shape, *place);
        }
        Ok((out + "</svg>\n", total_width))
    }

    /// What there is, in a few words: `shop: 4 instances, 6 wires`.
    pub fn heading(&self) -> String {
        format!("{}: {}", self.name, self.amount())
    }

    pub(super) fn amount(&self) -> String {
        let instances = match self.nodes.len() {
            1 => "1 instance".to_owned(),
            several => format!("{several} instances"),
        };
        let wires = match self.edges.len() {
            1 => "1 wire".to_owned(),
            several => format!("{several} wires"),
        };
        format!("{instances}, {wires}")
    }

    /// The wires in words, for those who do not see the picture.
    fn description(&self) -> String {
        let shown = 60;
        let mut lines: Vec<String> = self
            .edges
            .iter()
            .take(shown)
            .map(|edge| {
                let (importer, exporter) = (self.full_name(edge.importer), self.full_name(edge.exporter));
                format!("{importer} needs {} from {exporter}", edge.import)
            })
            .collect();
        if self.edges.len() > shown {
            lines.push(format!("and {} more", self.edges.len() - shown));
        }
        if lines.is_empty() { "no wires".to_owned() } else { lines.join("; ") }
    }
}

/// How large a box is for its text, and for the lines that meet it.
fn size_of(shape: &Shape, index: usize, links: &[Link]) -> Size {
    let sizes = shape.lines.iter().enumerate().map(|(position, line)| match position {
        0 => width(line, NAME_SIZE) * 1.06,
        _ => width(line, TEXT_SIZE),
    });
    let text = sizes.fold(64.0, f64::max).min(TEXT_WIDTH_MAX);
    let lines = links.iter().filter(|link| link.to == index).count();
    let lines = lines.max(links.iter().filter(|link| link.from == index).count());
    let height = text_height(shape).max(layout_count(lines) * 7.0 + 12.0);
    Size { width: text + 2.0 * PADDING, height }
}

fn text_height(shape: &Shape) -> f64 {
    20.0 + NAME_SIZE + layout_count(shape.lines.len().saturating_sub(1)) * 16.0
}

#[expect(clippy::cast_precision_loss, reason = "boxes and lines have a limit that is far below")]
fn layout_count(number: usize) -> f64 {
    number as f64
}

fn wanted(link: &Link, has_labels: bool) -> Wanted {
    let label = (has_labels && !link.label.is_empty()).then_some(&link.label);
    let label_width = label.map(|label| width(label, TEXT_SIZE).min(LABEL_WIDTH_MAX) + 8.0);
    Wanted { from: link.from, to: link.to, label_width }
}

fn draw_line(out: &mut String, link: &Link, line: &Line) {
    let class = match (link.label.is_empty(), link.is_skewed) {
        (true, _) => "open",
        (_, true) => "wire skew",
        _ => "wire",
    };
    let _ = writeln!(out, "<g class=\"{class}\"><title>{}</title>", escaped(&link.title));
    let mut path = String::new();
    for (position, (x, y)) in line.points.iter().enumerate() {
        let before = position.checked_sub(1).map(|before| line.points[before]);
        let _ = match before {
            None => write!(path, "M{x:.1} {y:.1}"),
            Some((_, before_y)) if (before_y - y).abs() < 0.5 => write!(path, " L{x:.1} {y:.1}"),
            Some((before_x, before_y)) => {
                let middle = f64::midpoint(before_x, *x);
                write!(path, " C{middle:.1} {before_y:.1} {middle:.1} {y:.1} {x:.1} {y:.1}")
            }
        };
    }
    let _ = writeln!(out, "<path d=\"{path}\" marker-end=\"url(#needs)\"/>");
    if let Some((x, y)) = line.label {
        let label = shortened(&link.label, TEXT_SIZE, LABEL_WIDTH_MAX);
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            y - 4.0,
            escaped(&label)
        );
    }
    out.push_str("</g>\n");
}

fn draw_box(out: &mut String, shape: &Shape, place: Place) {
    let class = match shape.kind {
        Kind::Node => "node",
        Kind::Exports | Kind::Outside => "border",
    };
    let Place { x, y, width, height } = place;
    let _ = writeln!(out, "<g class=\"{class}\"><title>{}</title>", escaped(&shape.title));
    let _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"7\"/>"
    );
    let room = width - 2.0 * PADDING;
    let mut baseline = y + (height - text_height(shape)) / 2.0 + 10.0 + NAME_SIZE * 0.82;
    for (position, line) in shape.lines.iter().enumerate() {
        let (class, size, factor) =
            if position == 0 { (" class=\"name\"", NAME_SIZE, 1.06) } else { ("", TEXT_SIZE, 1.0) };
        let text = shortened(line, size, room / factor);
        let _ = writeln!(
            out,
            "<text{class} x=\"{:.1}\" y=\"{baseline:.1}\">{}</text>",
            x + PADDING,
            escaped(&text)
        );
        baseline += 16.0;
    }
    out.push_str("</g>\n");
}

/// Text of XML; characters that XML does not have are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            other => out.push(other),
        }
    }
    out
}
