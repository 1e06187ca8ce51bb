//! The interface `greet`.

const std = @import("std");

/// `Hello, NAME!` What it allocates is freed when the caller has it.
pub fn greet(allocator: std.mem.Allocator, name: []const u8) ![]const u8 {
    return std.fmt.allocPrint(allocator, "Hello, {s}!", .{name});
}

test greet {
    const greeting = try greet(std.testing.allocator, "Grüße");
    defer std.testing.allocator.free(greeting);
    try std.testing.expectEqualStrings("Hello, Grüße!", greeting);
}
