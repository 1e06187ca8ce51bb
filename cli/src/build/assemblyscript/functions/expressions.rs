//! Expressions over what crosses the border.

use wit_bindgen_core::abi::Bitcast;
use wit_parser::ArchitectureSize;

/// A pointer moved on by an offset.
pub(super) fn plus(pointer: &str, offset: ArchitectureSize) -> String {
    match offset.size_wasm32() {
        0 => pointer.to_owned(),
        bytes => format!("{pointer} + {bytes}"),
    }
}

/// A value as another type of core Wasm with the same bits, where variants share their flat values.
pub(super) fn bitcast(cast: &Bitcast, operand: &str) -> String {
    match cast {
        Bitcast::None => operand.to_owned(),
        Bitcast::F32ToI32 => format!("$.bitsOfF32({operand})"),
        Bitcast::F64ToI64 => format!("$.bitsOfF64({operand})"),
        Bitcast::F32ToI64 => format!("<i64><u32>$.bitsOfF32({operand})"),
        Bitcast::I32ToF32 => format!("$.f32OfBits({operand})"),
        Bitcast::I64ToF64 => format!("$.f64OfBits({operand})"),
        Bitcast::I64ToF32 => format!("$.f32OfBits(<i32>({operand}))"),
        Bitcast::I32ToI64 => format!("<i64><u32>({operand})"),
        Bitcast::I64ToI32 => format!("<i32>({operand})"),
        Bitcast::P64ToI64 | Bitcast::I64ToP64 | Bitcast::I32ToL | Bitcast::LToI32 => operand.to_owned(),
        Bitcast::P64ToP | Bitcast::I32ToP | Bitcast::LToP => format!("<usize>({operand})"),
        Bitcast::PToP64 => format!("<i64>({operand})"),
        Bitcast::LToI64 => format!("<i64><u32>({operand})"),
        Bitcast::I64ToL | Bitcast::PToI32 | Bitcast::PToL => format!("<i32>({operand})"),
        Bitcast::Sequence(casts) => bitcast(&casts[1], &bitcast(&casts[0], operand)),
    }
}
