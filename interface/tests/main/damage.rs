//! Damaged files: no flipped or missing byte may do more than give an error.

use wkit_fixtures::component::{from_wat, wit_package};
use wkit_interface::{DecodeError, decode, limits, parts, producers};

use crate::samples::rich;

fn samples() -> Vec<Vec<u8>> {
    vec![
        rich(),
        wit_package(
            "package a:b@1.0.0; interface i { resource r { f: func(); } g: func() -> r; } world w { import i; export i; }",
        ),
        from_wat(
            r#"(component
                (import "a:b/c@1.0.0" (instance $i (export "r" (type (sub resource))) (export "f" (func))))
                (export "a:b/c@1.0.0" (instance $i)))"#,
        ),
    ]
}

fn read_all(bytes: &[u8]) {
    let _ = decode(bytes);
    let _ = producers(bytes);
    if let Ok(found) = parts(bytes) {
        assert_eq!(found[0].size_bytes, bytes.len() as u64);
        super::parts::check(&found[0]);
    }
}

#[test]
fn cut_anywhere() {
    for sample in samples() {
        for length in 0..sample.len() {
            let cut = &sample[..length];
            read_all(cut);
            // A component may end after any section: a prefix is complete, or cut off, or lacks what it promised.
            match decode(cut) {
                Err(DecodeError::Empty) => assert_eq!(length, 0),
                Err(DecodeError::Truncated { offset, size_bytes }) => {
                    assert_eq!(size_bytes, length as u64);
                    assert!(offset > size_bytes, "{offset} of {size_bytes}");
                }
                Ok(_) => {}
                Err(error) => panic!("cut to {length}: {error}"),
            }
        }
    }
}

#[test]
fn flipped_anywhere() {
    for sample in samples() {
        let mut bytes = sample.clone();
        for position in 0..bytes.len() {
            let original = bytes[position];
            let flips = [original ^ 0x01, original ^ 0x80, 0xff - original % 2];
            // Of the large sample every byte is flipped in one way, of the small ones in all three.
            let chosen = if bytes.len() > 2000 { &flips[position % 3..=position % 3] } else { &flips[..] };
            for flipped in chosen {
                bytes[position] = *flipped;
                read_all(&bytes);
            }
            bytes[position] = original;
        }
    }
}

#[test]
fn bytes_missing_or_too_many_inside() {
    for sample in samples() {
        for position in (0..sample.len()).step_by(3) {
            let mut shorter = sample.clone();
            shorter.remove(position);
            read_all(&shorter);
            let mut longer = sample.clone();
            longer.insert(position, 0x61);
            read_all(&longer);
        }
    }
}

/// Types that double with every level: a few hundred bytes of Wasm for gigabytes of WIT.
fn doubling(levels: usize) -> Vec<u8> {
    let mut text = "(component (type $t0 (tuple string string))".to_owned();
    for level in 1..=levels {
        let below = level - 1;
        text.push_str(&format!("(type $t{level} (tuple $t{below} $t{below}))"));
    }
    text.push_str(&format!("(import \"f\" (func (param \"p\" $t{levels}))))"));
    from_wat(&text)
}

#[test]
fn types_have_a_limit_as_text() {
    assert!(decode(&doubling(8)).is_ok());
    let mut refused = 0;
    for levels in 9..24 {
        match decode(&doubling(levels)) {
            Ok(surface) => assert!(surface.wit().len() < limits::SURFACE_TEXT_BYTES_MAX),
            Err(DecodeError::TypesTooLarge | DecodeError::Invalid { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused > 0);
}

/// A function costs its name twice, as an import and as a function, with 16 bytes around it.
#[test]
fn names_are_read_up_to_the_limit_of_the_text() {
    let (count, length) = (8_192, 1_008);
    assert_eq!(count * 2 * (length + 16), limits::SURFACE_TEXT_BYTES_MAX);
    let component = |more: &str| {
        let imports: String =
            (0..count).map(|at| format!("(import \"f{at:0>width$}\" (func))", width = length - 1)).collect();
        from_wat(&format!(
            "(component {}",
            imports.replacen("\" (func)", &format!("{more}\" (func)"), 1) + ")"
        ))
    };
    assert!(decode(&component("")).is_ok());
    assert_eq!(decode(&component("0")).unwrap_err(), DecodeError::TypesTooLarge);
}

#[test]
fn imports_have_a_limit() {
    let component = |count: usize| {
        let imports: String = (0..count).map(|index| format!("(import \"f{index}\" (func))")).collect();
        from_wat(&format!("(component {imports})"))
    };
    assert!(decode(&component(limits::EXTERNS_MAX)).is_ok());
    let error = decode(&component(limits::EXTERNS_MAX + 1)).unwrap_err();
    assert_eq!(error, DecodeError::TooManyExterns { count: limits::EXTERNS_MAX + 1 });
}

#[test]
fn files_have_a_limit() {
    let mut large = vec![0_u8; limits::COMPONENT_BYTES_MAX];
    large[..8].copy_from_slice(b"\0asm\x0d\0\x01\0");
    assert!(!matches!(decode(&large), Err(DecodeError::TooLarge { .. })));
    large.push(0);
    assert_eq!(decode(&large).unwrap_err(), DecodeError::TooLarge { size_bytes: large.len() as u64 });
}
