//! Which of several names was meant.

/// The most characters of a name that are compared.
const COMPARED: usize = 200;

/// The name of `known` that is nearest to `name`, when it is so near that it may be a slip: letters exchanged, one too
/// many, the plural, other capitals.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, best) = known
        .into_iter()
        .map(|known| (distance(name, known), known))
        .min_by_key(|(distance, _)| *distance)?;
    (0 < distance && distance <= slips(name)).then_some(best)
}

/// How many slips a name of that length may have before it is another name.
fn slips(name: &str) -> usize {
    match name.chars().count() {
        0..=1 => 0,
        2..=5 => 1,
        6..=15 => 2,
        longer => longer / 6,
    }
}

/// How many letters are to be changed, added, left out or exchanged with their neighbour.
/// Other capitals alone are one slip.
fn distance(left: &str, right: &str) -> usize {
    if left != right && left.eq_ignore_ascii_case(right) {
        return 1;
    }
    let left: Vec<char> = left.chars().take(COMPARED).collect();
    let right: Vec<char> = right.chars().take(COMPARED).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.iter().enumerate() {
        let mut next = vec![index + 1];
        for (column, other) in right.iter().enumerate() {
            let changed = row[column] + usize::from(letter != other);
            let mut best = changed.min(row[column + 1] + 1).min(next[column] + 1);
            let exchanged =
                index > 0 && column > 0 && left[index - 1] == *other && *letter == right[column - 1];
            if exchanged {
                best = best.min(before[column - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_told_from_other_names() {
        for (name, known, expected) in [
            ("crat", "cart", true),
            ("stores", "store", true),
            ("stroage", "storage", true),
            ("Store", "store", true),
            ("remove-al", "remove-all", true),
            ("chekout", "checkout", true),
            ("demo:kv/stor", "demo:kv/store", true),
            ("store", "store", false),
            ("get", "put", false),
            ("poll", "error", false),
            ("ap", "app", true),
            ("a", "b", false),
            ("", "a", false),
        ] {
            assert_eq!(nearest(name, [known]).is_some(), expected, "{name} {known}");
        }
        assert_eq!(nearest("cart", ["carts", "chart", "card"]), Some("carts"));
        assert_eq!(nearest("x", []), None);
        let long = "ab".repeat(100_000);
        assert_eq!(nearest(&long, [long.as_str()]), None);
    }
}
