//! Greets whoever the first argument names.

const std = @import("std");
const Io = std.Io;

const greet = @import("greet.zig").greet;

pub fn main(init: std.process.Init) !void {
    const arguments = try init.minimal.args.toSlice(init.arena.allocator());
    var buffer: [1024]u8 = undefined;
    var stdout: Io.File.Writer = .init(.stdout(), init.io, &buffer);
    try greet(&stdout.interface, if (arguments.len > 1) arguments[1] else "world");
    try stdout.interface.flush();
}
