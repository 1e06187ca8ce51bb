//! Corrects a cast in the bindings, which would not compile otherwise.
//!
//! Where the cases of a variant share a parameter of the core function, one case may see a length (`uint32` in Go) in
//! what is an `s32` for another. wit-bindgen-go 0.63 then casts to `uint32` where the value must be `int32`.

/// The exports' bindings with the right cast.
///
/// A length that is a parameter is cast for no other reason: it is `uint32` already.
pub(super) fn correct(code: &str) -> String {
    let mut lengths: Vec<String> = Vec::new();
    let mut corrected = String::with_capacity(code.len());
    for line in code.split_inclusive('\n') {
        if let Some(signature) = line.strip_prefix("func ") {
            lengths = parameters(signature)
                .filter_map(|parameter| parameter.strip_suffix(" uint32"))
                .map(str::to_owned)
                .collect();
            corrected.push_str(line);
            continue;
        }
        let line = lengths.iter().fold(line.to_owned(), |line, length| {
            line.replace(&format!("uint32({length})"), &format!("int32({length})"))
        });
        corrected.push_str(&line);
    }
    corrected
}

/// The parameters of a function, as they stand between its parentheses.
fn parameters(signature: &str) -> impl Iterator<Item = &str> {
    let list = signature.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    list.map_or("", |(list, _)| list).split(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lengths_are_cast_otherwise() {
        let code = "func wasm_export_f(arg0 int32, arg1 int32, arg12 uint32) int32 {\n\
                    a(uint32(arg1), uint32(arg12), uint32(uint32(arg12)), uint32(arg121))\n}\n\
                    func wasm_export_g(arg12 int32) {\nuint32(arg12)\n}\n";
        let expected = "func wasm_export_f(arg0 int32, arg1 int32, arg12 uint32) int32 {\n\
                        a(uint32(arg1), int32(arg12), uint32(int32(arg12)), uint32(arg121))\n}\n\
                        func wasm_export_g(arg12 int32) {\nuint32(arg12)\n}\n";
        assert_eq!(correct(code), expected);
    }
}
