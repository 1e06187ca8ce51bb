//! Finds a place for every box and a way for every line, from left to right: columns by the longest path, an order in
//! each column with few crossings, and heights that keep lines straight (the method of Sugiyama, Tagawa and Toda).
//!
//! Lines that pass a column have a place of their own in it, so that no line runs through a box.

mod heights;
mod order;

use super::error::GraphError;
use crate::limits::PICTURE_POINTS_MAX;

/// The room between columns, besides what many lines need.
const GAP: f64 = 34.0;

/// Width and height of a box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A line that is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) from: usize,
    pub(super) to: usize,
    /// How wide its label is, if it has one.
    pub(super) label_width: Option<f64>,
}

/// Where everything is.
pub(super) struct Layout {
    /// The upper left corner and size of each box.
    pub(super) boxes: Vec<Place>,
    pub(super) lines: Vec<Line>,
    pub(super) size: Size,
}

/// The place of a box.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The way of a line.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The points that it passes, every second stretch of which lies level.
    pub(super) points: Vec<(f64, f64)>,
    /// The middle of its label.
    pub(super) label: Option<(f64, f64)>,
}

/// What has a place in a column: a box, or a line that passes.
struct Vertex {
    column: usize,
    width: f64,
    height: f64,
    /// The middle, from top to bottom.
    y: f64,
    is_box: bool,
    /// What it is joined to in the columns before and after.
    before: Vec<usize>,
    after: Vec<usize>,
}

/// Lays out boxes of the given sizes.
pub(super) fn layout(sizes: &[Size], wanted: &[Wanted]) -> Result<Layout, GraphError> {
    let mut layers = layers(sizes.len(), wanted);
    let ends: Vec<(usize, usize)> =
        wanted
            .iter()
            .map(|line| {
                if layers[line.from] <= layers[line.to] { (line.from, line.to) } else { (line.to, line.from) }
            })
            .collect();
    // Labels stand in columns of their own.
    if wanted.iter().any(|line| line.label_width.is_some()) {
        layers.iter_mut().for_each(|layer| *layer *= 2);
    }
    let bends: usize = ends.iter().map(|(from, to)| (layers[*to] - layers[*from]).saturating_sub(1)).sum();
    let points = sizes.len() + bends;
    if points > PICTURE_POINTS_MAX {
        return Err(GraphError::TooLargeToDraw { points });
    }
    let mut vertices: Vec<Vertex> =
        sizes.iter().zip(&layers).map(|(size, column)| vertex(*column, *size, true)).collect();
    let ways: Vec<Vec<usize>> =
        ends.iter().zip(wanted).map(|((from, to), line)| way(&mut vertices, *from, *to, line)).collect();
    let columns = order::order(&vertices);
    heights::assign(&mut vertices, &columns);
    Ok(placed(&vertices, &columns, &ways, sizes.len(), wanted))
}

fn vertex(column: usize, size: Size, is_box: bool) -> Vertex {
    let (width, height) = (size.width, size.height);
    Vertex { column, width, height, y: 0.0, is_box, before: Vec::new(), after: Vec::new() }
}

/// The column of each box: one more than the last column of a box that needs it. Lines that would close a circle do not
/// count.
fn layers(count: usize, wanted: &[Wanted]) -> Vec<usize> {
    let mut after = vec![Vec::new(); count];
    let mut waits_for = vec![0_usize; count];
    for line in wanted.iter().filter(|line| line.from != line.to) {
        after[line.from].push(line.to);
        waits_for[line.to] += 1;
    }
    let mut layers = vec![0; count];
    let mut is_done = vec![false; count];
    let mut ready: Vec<usize> = (0..count).filter(|index| waits_for[*index] == 0).collect();
    let mut first_waiting = 0;
    loop {
        let next = ready.pop().or_else(|| {
            // A circle: its first box goes ahead.
            first_waiting = (first_waiting..count).find(|index| !is_done[*index])?;
            Some(first_waiting)
        });
        let Some(next) = next else { return layers };
        if std::mem::replace(&mut is_done[next], true) {
            continue;
        }
        for other in &after[next] {
            if !is_done[*other] {
                layers[*other] = layers[*other].max(layers[next] + 1);
                waits_for[*other] -= 1;
                if waits_for[*other] == 0 {
                    ready.push(*other);
                }
            }
        }
    }
}

/// Gives a line a place in every column that it passes, and returns what it passes, its ends among them.
fn way(vertices: &mut Vec<Vertex>, from: usize, to: usize, line: &Wanted) -> Vec<usize> {
    let mut way = vec![from];
    for column in vertices[from].column + 1..vertices[to].column {
        let label = line.label_width.filter(|_| way.len() == 1);
        let size = match label {
            Some(width) => Size { width, height: 18.0 },
            None => Size { width: 0.0, height: 4.0 },
        };
        way.push(vertices.len());
        vertices.push(vertex(column, size, false));
    }
    way.push(to);
    for pair in way.windows(2) {
        if pair[0] != pair[1] && vertices[pair[0]].column < vertices[pair[1]].column {
            vertices[pair[0]].after.push(pair[1]);
            vertices[pair[1]].before.push(pair[0]);
        }
    }
    way
}

/// Left and right of each column.
fn columns_x(vertices: &[Vertex], columns: &[Vec<usize>]) -> Vec<(f64, f64)> {
    let mut x = 0.0;
    let mut places = Vec::new();
    for column in columns {
        let width = column.iter().map(|index| vertices[*index].width).fold(0.0, f64::max);
        places.push((x, x + width));
        let lines: usize = column.iter().map(|index| vertices[*index].after.len()).sum();
        // Where many lines go up and down at once they need more room to be told apart.
        x += width + GAP + (count(lines) * 1.5).min(70.0);
    }
    places
}

#[expect(clippy::cast_precision_loss, reason = "there are no more than PICTURE_POINTS_MAX of anything")]
fn count(number: usize) -> f64 {
    number as f64
}

fn placed(
    vertices: &[Vertex],
    columns: &[Vec<usize>],
    ways: &[Vec<usize>],
    boxes: usize,
    wanted: &[Wanted],
) -> Layout {
    let x = columns_x(vertices, columns);
    let places: Vec<Place> = vertices[..boxes]
        .iter()
        .map(|vertex| {
            let (left, right) = x[vertex.column];
            let Vertex { y, height, .. } = vertex;
            Place { x: left, y: y - height / 2.0, width: right - left, height: *height }
        })
        .collect();
    let ports = Ports::new(vertices, ways);
    let line = |(index, way): (usize, &Vec<usize>)| {
        let mut line = Line::default();
        for (position, vertex) in way.iter().enumerate() {
            let (left, right) = x[vertices[*vertex].column];
            if position == 0 {
                line.points.push((right, ports.start[index]));
            } else if position + 1 == way.len() {
                line.points.push((left, ports.end[index]));
            } else {
                let y = vertices[*vertex].y;
                line.points.extend([(left, y), (right, y)]);
                if position == 1 && wanted[index].label_width.is_some() {
                    line.label = Some(((left + right) / 2.0, y));
                }
            }
        }
        if (way.first(), way.last()) != (Some(&wanted[index].from), Some(&wanted[index].to)) {
            line.points.reverse();
        }
        line
    };
    let lines = ways.iter().enumerate().map(line).collect();
    let width = x.last().map_or(0.0, |(_, right)| *right);
    let height = vertices.iter().map(|vertex| vertex.y + vertex.height / 2.0).fold(0.0, f64::max);
    Layout { boxes: places, lines, size: Size { width, height } }
}

/// Where lines leave and reach the sides of boxes: spread in the order of where they go.
struct Ports {
    start: Vec<f64>,
    end: Vec<f64>,
}

impl Ports {
    fn new(vertices: &[Vertex], ways: &[Vec<usize>]) -> Self {
        let mut leaving = vec![Vec::new(); vertices.len()];
        let mut reaching = vec![Vec::new(); vertices.len()];
        for (index, way) in ways.iter().enumerate() {
            let [first, second, ..] = way[..] else { continue };
            leaving[first].push((vertices[second].y, index));
            reaching[way[way.len() - 1]].push((vertices[way[way.len() - 2]].y, index));
        }
        let mut ports = Self { start: vec![0.0; ways.len()], end: vec![0.0; ways.len()] };
        for (vertex, (leaving, reaching)) in vertices.iter().zip(leaving.iter_mut().zip(&mut reaching)) {
            spread(vertex, leaving, &mut ports.start);
            spread(vertex, reaching, &mut ports.end);
        }
        ports
    }
}

fn spread(vertex: &Vertex, lines: &mut [(f64, usize)], ports: &mut [f64]) {
    lines.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    let gaps = count(lines.len().saturating_sub(1));
    let step = ((vertex.height - 16.0) / gaps.max(1.0)).clamp(0.0, 12.0);
    for (position, (_, line)) in lines.iter().enumerate() {
        ports[*line] = vertex.y + (count(position) - gaps / 2.0) * step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(from: usize, to: usize) -> Wanted {
        Wanted { from, to, label_width: None }
    }

    #[test]
    fn circles_and_loops_have_columns_too() {
        assert_eq!(layers(3, &[line(0, 1), line(1, 2), line(0, 2)]), [0, 1, 2]);
        assert_eq!(layers(2, &[line(0, 1), line(1, 0), line(0, 0)]), [0, 1]);
        assert!(
            layout(&[Size { width: 10.0, height: 10.0 }; 2], &[line(0, 1), line(1, 0), line(1, 1)]).is_ok()
        );
    }

    /// No two boxes overlap, and no line passes through a box.
    #[test]
    fn boxes_keep_apart_and_lines_keep_off_them() {
        let sizes = vec![Size { width: 100.0, height: 40.0 }; 50];
        // Every box needs two that come later, and every fifth the last one.
        let mut wanted: Vec<Wanted> = (0..48)
            .flat_map(|index| {
                let label_width = (index % 3 == 0).then_some(60.0);
                [(index * 7) % 5 + 1, (index * 11) % 9 + 1].map(|step| Wanted {
                    from: index,
                    to: (index + step).min(49),
                    label_width,
                })
            })
            .collect();
        wanted.extend((0..45).step_by(5).map(|index| line(index, 49)));
        let layout = layout(&sizes, &wanted).unwrap();
        let overlap = |one: &Place, other: &Place| {
            one.x < other.x + other.width
                && other.x < one.x + one.width
                && one.y < other.y + other.height
                && other.y < one.y + one.height
        };
        for (index, one) in layout.boxes.iter().enumerate() {
            assert!(layout.boxes[..index].iter().all(|other| !overlap(one, other)), "{index}");
        }
        for line in &layout.lines {
            for pair in line.points.windows(2).skip(1).step_by(2) {
                let ((left, y), (right, _)) = (pair[0], pair[1]);
                let inside = |place: &&Place| {
                    y > place.y
                        && y < place.y + place.height
                        && left < place.x + place.width
                        && right > place.x
                };
                assert!(layout.boxes.iter().find(inside).is_none(), "{pair:?}");
            }
        }
    }

    #[test]
    fn pictures_have_a_limit() {
        let sizes = vec![Size { width: 10.0, height: 10.0 }; 202];
        // A chain, and many lines along all of it: 201 boxes and 199 bends for each line, without labels.
        let mut wanted: Vec<Wanted> = (0..200).map(|index| line(index, index + 1)).collect();
        let fits = (PICTURE_POINTS_MAX - sizes.len()) / 199;
        wanted.extend(std::iter::repeat_n(line(0, 200), fits));
        assert!(layout(&sizes, &wanted).is_ok());
        wanted.push(line(0, 200));
        let Err(GraphError::TooLargeToDraw { points }) = layout(&sizes, &wanted) else {
            panic!("it is drawn")
        };
        assert!(points > PICTURE_POINTS_MAX);
    }
}
