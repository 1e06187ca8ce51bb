//! An order of each column with few crossings of lines.

use super::{Vertex, count};

/// How often the columns are gone through; more brings nothing that can be seen.
const SWEEPS: usize = 24;

/// The vertices of each column from top to bottom.
pub(super) fn order(vertices: &[Vertex]) -> Vec<Vec<usize>> {
    let mut columns = first(vertices);
    let mut positions = vec![0; vertices.len()];
    let mut best = columns.clone();
    let mut fewest = usize::MAX;
    for sweep in 0..SWEEPS {
        for step in 0..columns.len() {
            let forward = sweep % 2 == 0;
            let column = if forward { step } else { columns.len() - 1 - step };
            sort(vertices, &mut columns[column], forward, &positions);
            note(&columns[column], &mut positions);
        }
        let crossings = columns.iter().map(|column| crossings(vertices, column, &positions)).sum();
        if crossings < fewest {
            fewest = crossings;
            best.clone_from(&columns);
        }
        if fewest == 0 {
            break;
        }
    }
    best
}

fn note(column: &[usize], positions: &mut [usize]) {
    for (position, vertex) in column.iter().enumerate() {
        positions[*vertex] = position;
    }
}

/// The order in which a walk along the lines comes past, which keeps what belongs together near one another.
fn first(vertices: &[Vertex]) -> Vec<Vec<usize>> {
    let last = vertices.iter().map(|vertex| vertex.column).max().unwrap_or_default();
    let mut columns = vec![Vec::new(); last + 1];
    let mut seen = vec![false; vertices.len()];
    let starts = (0..vertices.len()).filter(|index| vertices[*index].before.is_empty());
    let mut pending: Vec<usize> = starts.collect();
    pending.reverse();
    while let Some(vertex) = pending.pop() {
        if std::mem::replace(&mut seen[vertex], true) {
            continue;
        }
        columns[vertices[vertex].column].push(vertex);
        pending.extend(vertices[vertex].after.iter().rev());
    }
    columns
}

/// Sorts a column by where the neighbours of each vertex are on average. What has none stays where it is.
fn sort(vertices: &[Vertex], column: &mut [usize], forward: bool, positions: &[usize]) {
    let middle = |vertex: usize| {
        let Vertex { before, after, .. } = &vertices[vertex];
        let neighbours = if forward { before } else { after };
        let sum: usize = neighbours.iter().map(|other| positions[*other]).sum();
        (!neighbours.is_empty()).then(|| count(sum) / count(neighbours.len()))
    };
    let mut movable: Vec<(f64, usize)> =
        column.iter().filter_map(|vertex| Some((middle(*vertex)?, *vertex))).collect();
    movable.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut movable = movable.into_iter();
    for place in column.iter_mut().filter(|vertex| middle(**vertex).is_some()) {
        if let Some((_, vertex)) = movable.next() {
            *place = vertex;
        }
    }
}

/// How many lines cross between a column and the next: pairs of lines whose ends are in opposite orders, counted with
/// a tree of partial sums (Barth, Jünger and Mutzel).
fn crossings(vertices: &[Vertex], column: &[usize], positions: &[usize]) -> usize {
    let mut ends: Vec<usize> = Vec::new();
    for vertex in column {
        let start = ends.len();
        ends.extend(vertices[*vertex].after.iter().map(|other| positions[*other]));
        ends[start..].sort_unstable();
    }
    let size = ends.iter().max().map_or(0, |last| last + 2);
    let mut sums = vec![0_usize; size + 1];
    let mut crossings = 0;
    for (seen, end) in ends.iter().enumerate() {
        let mut not_beyond = 0;
        let mut place = end + 1;
        while place > 0 {
            not_beyond += sums[place];
            place &= place - 1;
        }
        crossings += seen - not_beyond;
        let mut place = end + 1;
        while place <= size {
            sums[place] += 1;
            place += place.isolate_lowest_one();
        }
    }
    crossings
}

#[cfg(test)]
mod tests {
    use super::super::{Size, vertex};
    use super::*;

    /// Two columns of the given sizes, joined by the lines `(place in the first, place in the second)`.
    fn two_columns(first: usize, second: usize, lines: &[(usize, usize)]) -> Vec<Vertex> {
        let size = Size { width: 1.0, height: 1.0 };
        let mut vertices: Vec<Vertex> =
            (0..first + second).map(|index| vertex(usize::from(index >= first), size, true)).collect();
        for (from, to) in lines {
            vertices[*from].after.push(first + to);
            vertices[first + to].before.push(*from);
        }
        vertices
    }

    #[test]
    fn crossings_are_counted() {
        let lines = [(0, 1), (0, 2), (1, 0), (1, 1), (2, 0)];
        let vertices = two_columns(3, 3, &lines);
        let positions = [0, 1, 2, 0, 1, 2];
        let by_hand = lines
            .iter()
            .flat_map(|one| lines.iter().map(move |other| (one, other)))
            .filter(|(one, other)| one.0 < other.0 && one.1 > other.1)
            .count();
        assert_eq!(crossings(&vertices, &[0, 1, 2], &positions), by_hand);
    }

    #[test]
    fn what_can_be_untangled_is() {
        let vertices = two_columns(4, 4, &[(0, 3), (1, 2), (2, 1), (3, 0), (1, 3), (2, 2)]);
        let columns = order(&vertices);
        let mut positions = vec![0; vertices.len()];
        columns.iter().for_each(|column| note(column, &mut positions));
        assert_eq!(crossings(&vertices, &columns[0], &positions), 0);
    }
}
