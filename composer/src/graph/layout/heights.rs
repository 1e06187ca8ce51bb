//! How far from the top everything is: near what it is joined to, in the order of its column, and apart.

use super::Vertex;

/// How often the columns are gone through in each direction.
const SWEEPS: usize = 30;

/// Sets `y` of every vertex.
pub(super) fn assign(vertices: &mut [Vertex], columns: &[Vec<usize>]) {
    for column in columns {
        let mut y = 0.0;
        let mut last: Option<usize> = None;
        for vertex in column {
            y += last.map_or(0.0, |last| apart(&vertices[last], &vertices[*vertex]));
            vertices[*vertex].y = y;
            last = Some(*vertex);
        }
    }
    for sweep in 0..SWEEPS {
        // At last both sides count, so that neither is favoured.
        let both = sweep + 6 >= SWEEPS;
        for column in columns {
            settle(vertices, column, true, both);
        }
        for column in columns.iter().rev() {
            settle(vertices, column, both, true);
        }
    }
    let top = vertices.iter().map(|vertex| vertex.y - vertex.height / 2.0).fold(f64::INFINITY, f64::min);
    for vertex in vertices {
        vertex.y -= top;
    }
}

/// How far the middles of two neighbours are apart at least.
fn apart(one: &Vertex, other: &Vertex) -> f64 {
    let gap = if one.is_box && other.is_box { 22.0 } else { 8.0 };
    f64::midpoint(one.height, other.height) + gap
}

/// Moves the vertices of a column towards what they are joined to, as near as the others let them: the least sum of
/// squares under a fixed order, found by pooling neighbours that would overlap.
fn settle(vertices: &mut [Vertex], column: &[usize], by_before: bool, by_after: bool) {
    /// Vertices that lie next to each other without room between them.
    struct Pool {
        weight: f64,
        mean: f64,
        count: usize,
    }
    let mut pools: Vec<Pool> = Vec::new();
    let mut offsets = Vec::with_capacity(column.len());
    let mut offset = 0.0;
    for (position, index) in column.iter().enumerate() {
        let vertex = &vertices[*index];
        if let Some(last) = position.checked_sub(1).map(|last| &vertices[column[last]]) {
            offset += apart(last, vertex);
        }
        offsets.push(offset);
        let (wish, weight) = wish(vertices, vertex, by_before, by_after);
        pools.push(Pool { weight, mean: wish - offset, count: 1 });
        while let [.., first, second] = pools.as_slice()
            && first.mean > second.mean
        {
            let weight = first.weight + second.weight;
            let mean = (first.mean * first.weight + second.mean * second.weight) / weight;
            let count = first.count + second.count;
            pools.truncate(pools.len() - 2);
            pools.push(Pool { weight, mean, count });
        }
    }
    let means = pools.iter().flat_map(|pool| std::iter::repeat_n(pool.mean, pool.count));
    for ((index, offset), mean) in column.iter().zip(offsets).zip(means) {
        vertices[*index].y = mean + offset;
    }
}

/// Where a vertex wants to be, and how much. Bends want to lie straight more than boxes want to be in the middle.
fn wish(vertices: &[Vertex], vertex: &Vertex, by_before: bool, by_after: bool) -> (f64, f64) {
    let before = vertex.before.iter().filter(|_| by_before);
    let after = vertex.after.iter().filter(|_| by_after);
    let (mut sum, mut weights) = (0.0, 0.0);
    for other in before.chain(after) {
        let weight = match (vertex.is_box, vertices[*other].is_box) {
            (false, false) => 60.0,
            (true, true) => 1.0,
            _ => 3.0,
        };
        sum += vertices[*other].y * weight;
        weights += weight;
    }
    // What is joined to nothing on this side stays.
    if weights > 0.0 { (sum / weights, weights) } else { (vertex.y, 0.1) }
}
