//! The tests, which run without Wasm. The component itself is built by `wkit build`.

const std = @import("std");

pub fn build(b: *std.Build) void {
    const tests = b.addTest(.{
        .root_module = b.createModule(.{
            .root_source_file = b.path("src/greet.zig"),
            .target = b.standardTargetOptions(.{}),
            .optimize = b.standardOptimizeOption(.{}),
        }),
    });
    const step = b.step("test", "Run the tests");
    step.dependOn(&b.addRunArtifact(tests).step);
}
