//! What is answered, without anything of HTTP or Wasm.

const std = @import("std");
const Allocator = std.mem.Allocator;

/// A status and a body.
pub const Answer = struct { status: u16, body: []const u8 };

/// The answer for a path with its query, such as `/?name=Ada`.
pub fn answer(allocator: Allocator, target: []const u8) Allocator.Error!Answer {
    const path, const query = std.mem.cutScalar(u8, target, '?') orelse .{ target, "" };
    if (!std.mem.eql(u8, path, "/")) return .{ .status = 404, .body = "not found\n" };
    const name = try nameIn(allocator, query) orelse "world";
    return .{ .status = 200, .body = try std.fmt.allocPrint(allocator, "Hello, {s}!\n", .{name}) };
}

/// The value of `name` in a query.
fn nameIn(allocator: Allocator, query: []const u8) Allocator.Error!?[]const u8 {
    var pairs = std.mem.splitScalar(u8, query, '&');
    while (pairs.next()) |pair| {
        const encoded = std.mem.cutPrefix(u8, pair, "name=") orelse continue;
        const name = try allocator.dupe(u8, encoded);
        std.mem.replaceScalar(u8, name, '+', ' ');
        return std.Uri.percentDecodeInPlace(name);
    }
    return null;
}

test answer {
    const cases = [_]struct { []const u8, u16, []const u8 }{
        .{ "/", 200, "Hello, world!\n" },
        .{ "/?name=Ada", 200, "Hello, Ada!\n" },
        .{ "/?a=b&name=Gr%C3%BC%C3%9Fe+an", 200, "Hello, Grüße an!\n" },
        .{ "/elsewhere", 404, "not found\n" },
    };
    var arena: std.heap.ArenaAllocator = .init(std.testing.allocator);
    defer arena.deinit();
    for (cases) |case| {
        const target, const status, const body = case;
        const found = try answer(arena.allocator(), target);
        try std.testing.expectEqual(status, found.status);
        try std.testing.expectEqualStrings(body, found.body);
    }
}
