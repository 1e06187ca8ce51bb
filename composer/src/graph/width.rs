//! How wide text is in a common sans-serif typeface, as nothing else is known of the machine that shows it.

/// The advance widths of ASCII from the space to the tilde in Helvetica, in thousandths of the size (Adobe's font
/// metrics, which Arial and Liberation Sans share).
const ADVANCES: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// The width of `text` at a size, both in pixels, with a tenth to spare for typefaces that run wider.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let thousandths: u64 = text.chars().map(advance).sum();
    #[expect(clippy::cast_precision_loss, reason = "texts are shorter than that")]
    let em = thousandths as f64 / 1000.0;
    em * size * 1.1
}

fn advance(character: char) -> u64 {
    let ascii = u32::from(character).checked_sub(32).and_then(|place| ADVANCES.get(place as usize));
    match ascii {
        Some(advance) => u64::from(*advance),
        // Latin, Greek and Cyrillic are about as wide as their like in ASCII, ideographs fill a square.
        None if u32::from(character) < 0x1100 => 667,
        None => 1000,
    }
}

/// `text`, or its beginning and end with an ellipsis between them, so that it is no wider than `max_width`.
pub(super) fn shortened(text: &str, size: f64, max_width: f64) -> String {
    // Boxes are as wide as their text: rounding must not make it too long for them.
    if width(text, size) <= max_width + 0.1 {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let keep = |count: usize| -> String {
        // The end of a name tells more than its beginning: `…/environment@0.2.6`.
        let head = count / 2;
        let tail = characters.len() - (count - head);
        characters[..head].iter().chain(&['…']).chain(&characters[tail..]).collect()
    };
    let (mut fits, mut too_many) = (0, characters.len());
    while fits + 1 < too_many {
        let middle = usize::midpoint(fits, too_many);
        if width(&keep(middle), size) <= max_width {
            fits = middle;
        } else {
            too_many = middle;
        }
    }
    keep(fits)
}

#[cfg(test)]
mod tests {
    use super::{shortened, width};

    #[test]
    fn long_text_keeps_both_ends() {
        assert_eq!(shortened("cart", 13.0, 100.0), "cart");
        let long = "wasi:filesystem/preopens-of-a-long-name@0.2.6";
        let short = shortened(long, 13.0, 120.0);
        assert!(width(&short, 13.0) <= 120.0, "{short}");
        assert!(short.starts_with("wasi") && short.ends_with("0.2.6") && short.contains('…'), "{short}");
        assert_eq!(shortened("ééééééééééé", 13.0, 1.0), "…");
    }
}
