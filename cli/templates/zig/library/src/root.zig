//! What the world exports, each interface by its name. Types and imports of the world are in `@import("wit")`.

pub const greet = @import("greet.zig");
