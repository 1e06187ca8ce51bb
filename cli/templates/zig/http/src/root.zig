//! What the world exports, each interface by its name. What is answered is in `greet.zig`.

const std = @import("std");
const wit = @import("wit");

const answer = @import("greet.zig").answer;
const http = wit.wasi.http.types;
const OutputStream = wit.wasi.io.streams.OutputStream;

pub const incoming_handler = struct {
    /// What it allocates is freed when it has returned; an error ends the instance, and the caller sees a 500.
    pub fn handle(
        allocator: std.mem.Allocator,
        request: http.IncomingRequest,
        response_out: http.ResponseOutparam,
    ) !void {
        defer request.deinit();
        const found = try answer(allocator, request.pathWithQuery(allocator) orelse "/");
        const headers: http.Fields = .init();
        try headers.append("content-type", "text/plain; charset=utf-8").unwrap();
        const response: http.OutgoingResponse = .init(headers);
        try response.setStatusCode(found.status).unwrap();
        const body = try response.body().unwrap();
        response_out.set(.{ .ok = response });
        try write(try body.write().unwrap(), found.body);
        _ = body.finish(allocator, null);
    }
};

/// Writes all bytes, in pieces of the size that one call takes at most, and ends the stream.
fn write(stream: OutputStream, bytes: []const u8) !void {
    defer stream.deinit();
    var rest = bytes;
    while (rest.len > 0) {
        const piece = rest[0..@min(rest.len, 4096)];
        try stream.blockingWriteAndFlush(piece).unwrap();
        rest = rest[piece.len..];
    }
}
