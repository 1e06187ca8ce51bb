//! What is said.

const std = @import("std");
const Io = std.Io;

/// Writes `Hello, NAME!`.
pub fn greet(writer: *Io.Writer, name: []const u8) Io.Writer.Error!void {
    try writer.print("Hello, {s}!\n", .{name});
}

test greet {
    var buffer: [64]u8 = undefined;
    var writer: Io.Writer = .fixed(&buffer);
    try greet(&writer, "Ada");
    try std.testing.expectEqualStrings("Hello, Ada!\n", writer.buffered());
}
