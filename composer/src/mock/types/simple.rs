//! Types that hold no others.

use wit_parser::{Int, Type};

use super::super::error::MockError;
use super::{Kind, Laid};

pub(super) fn primitive(ty: &Type) -> Result<Laid, MockError> {
    let (kind, size, wit) = match ty {
        Type::Bool => (Kind::Bool, 1, "bool"),
        Type::S8 => (Kind::Signed, 1, "s8"),
        Type::S16 => (Kind::Signed, 2, "s16"),
        Type::S32 => (Kind::Signed, 4, "s32"),
        Type::S64 => (Kind::Signed, 8, "s64"),
        Type::U8 => (Kind::Unsigned, 1, "u8"),
        Type::U16 => (Kind::Unsigned, 2, "u16"),
        Type::U32 => (Kind::Unsigned, 4, "u32"),
        Type::U64 => (Kind::Unsigned, 8, "u64"),
        Type::F32 => (Kind::Float, 4, "f32"),
        Type::F64 => (Kind::Float, 8, "f64"),
        Type::Char => (Kind::Char, 4, "char"),
        Type::String => (Kind::String, 8, "string"),
        Type::ErrorContext | Type::Id(_) => {
            return Err(MockError::NotWit { message: "`error-context` is no part of WASI yet".to_owned() });
        }
    };
    let align = if matches!(kind, Kind::String) { 4 } else { size };
    let flat = if matches!(kind, Kind::String) { 2 } else { 1 };
    Ok(Laid { kind, size: u64::from(size), align, flat, handles: false, wit: wit.to_owned() })
}

pub(super) fn flags_of(names: Vec<String>) -> Laid {
    let words = names.len().div_ceil(32) as u64;
    let (size, align, flat) = match names.len() {
        0 => (0, 1, 0),
        1..=8 => (1, 1, 1),
        9..=16 => (2, 2, 1),
        _ => (4 * words, 4, words),
    };
    let wit = format!("flags {{ {} }}", names.join(", "));
    Laid { kind: Kind::Flags(names), size, align, flat, handles: false, wit }
}

pub(super) fn tag_bytes(tag: Int) -> u32 {
    match tag {
        Int::U8 => 1,
        Int::U16 => 2,
        Int::U32 | Int::U64 => 4,
    }
}
