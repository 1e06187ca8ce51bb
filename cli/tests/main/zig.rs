//! Zig: what the bindings carry across the border, and what is said about sources that do not fit.

use crate::support::{Ran, Sandbox, available};

const WIT: &str = "package demo:calc@0.1.0;
interface tools { shout: func(text: string) -> string; }
world calc { import tools; export add: func(a: u32, b: u32) -> u32; }
";

const ADD: &str = "pub fn add(a: u32, b: u32) u32 {\n    return a + b;\n}\n";

fn project(sandbox: Sandbox, source: &str) -> Sandbox {
    sandbox.write("wkit.toml", "[project]\nname = \"demo\"\n[components.calc]\n");
    sandbox.write("calc/src/root.zig", source);
    sandbox.write("wit/calc.wit", WIT);
    sandbox
}

/// Builds one file.
fn build(source: &str) -> Ran {
    project(Sandbox::with_toolchains(), source).wkit("build")
}

#[test]
fn a_missing_toolchain() {
    project(Sandbox::new(), ADD).wkit("build").golden("zig-missing");
}

#[test]
fn a_version_that_is_not_installed() {
    let sandbox = project(Sandbox::new(), ADD);
    let text = std::fs::read_to_string(sandbox.path("wkit.toml")).unwrap();
    sandbox.write("wkit.toml", text + "[toolchain]\nziglang = \"0.13.0\"\n");
    sandbox.wkit("build").golden("zig-other-version");
}

#[test]
fn worlds_and_folders_that_do_not_do() {
    let sandbox = project(Sandbox::with_toolchains(), ADD);
    sandbox.write("wit/calc.wit", "package demo:calc;\nworld calc { export run: async func(); }\n");
    sandbox.wkit("build").golden("zig-async");
    std::fs::rename(sandbox.path("wit/calc.wit"), sandbox.path("wit/calc.txt")).unwrap();
    sandbox.wkit("build").golden("zig-no-wit");
    sandbox.write("wit/calc.wit", WIT);
    std::fs::rename(sandbox.path("calc/src/root.zig"), sandbox.path("calc/src/calc.zig")).unwrap();
    sandbox.wkit("build").golden("zig-no-root");
}

#[test]
fn sources_that_do_not_fit() {
    if !available("zig") {
        return;
    }
    build("pub fn add(a: u32, b: u32) u32 {\n    return a + b\n}\n").golden("zig-syntax");
    build("pub fn sub(a: u32, b: u32) u32 {\n    return a - b;\n}\n").golden("zig-export-missing");
    build(&ADD.replace("b: u32", "b: i64")).golden("zig-wrong-parameter");
    build(&ADD.replace(") u32", ") []const u8")).golden("zig-wrong-result");
    build(&ADD.replace(", b: u32", "").replace("a + b", "a")).golden("zig-too-few-parameters");
    let import = "const missing = @import(\"wit\").demo.calc.nothing;\n\n".to_owned();
    build(&(import + &ADD.replace("a + b", "missing.sub(a, b)"))).golden("zig-import-unknown");
}

/// Three components in a row, with everything that the pairs of the matrix do not have: handles that are lent onward,
/// handles in records and lists, cases that share core values, and names that Zig has for itself.
#[test]
fn handles_and_cases_cross_three_components() {
    if !available("zig") {
        return;
    }
    let sandbox = Sandbox::with_toolchains();
    let mut manifest = String::from("[project]\nname = \"chain\"\n");
    for (name, source) in [("giver", GIVER), ("between", BETWEEN), ("user", USER)] {
        manifest += &format!("[components.{name}]\nworld = \"{name}\"\n");
        sandbox.write(&format!("{name}/src/root.zig"), source);
    }
    sandbox.write("wkit.toml", manifest);
    sandbox.write("wit/chain.wit", CHAIN);
    sandbox.wkit("build").ok();
    let line = "compose build/user.wasm --plug build/between.wasm --plug build/giver.wasm -o chain.wasm";
    sandbox.wkit(line).ok();
    let ran = sandbox.wkit("run chain.wasm --invoke go()").ok();
    assert_eq!(
        ran.stdout,
        "[\"101\", \"7 hä\", \".{ .none = void }\", \".{ .single = 1.5 }\", \".{ .double = -2.25 }\", \
         \".{ .signed = -3 }\", \
         \".{ .list = { .{ .wide = 9223372036854775808 }, .{ .narrow = 0.5 }, .{ .const = void } } }\", \
         \"{ 97, 223, 129408 }\", \"only\", \".{ -5, null } .{ -5, true }\", \"1 2 x\"]\n"
    );
    // Every resource ends once, in the order in which its owner lets it go.
    assert_eq!(ran.stderr, "dropped 7\ndropped 99\ndropped 1\n");
}

const CHAIN: &str = "package demo:chain@1.2.0;

interface resources {
  resource thing {
    constructor(n: u32);
    get: func() -> u32;
    init: static func() -> thing;
  }
  %type: func(%error: u8, self: u8, allocator: string) -> string;
}

interface uses {
  use resources.{thing};
  record holder { thing: thing, %test: string }
  enum one { only }
  variant inner { wide(u64), narrow(f32), %const }
  variant outer { none, single(f32), double(f64), %list(list<inner>), signed(s8) }
  show: func(thing: borrow<thing>, things: list<borrow<thing>>) -> u32;
  give: func(holder: holder) -> holder;
  pass: func(value: outer) -> outer;
  chars: func(chars: list<char>) -> list<char>;
  only: func() -> one;
  maybe: func(value: option<tuple<s16, option<bool>>>) -> option<tuple<s16, option<bool>>>;
}

world giver { export resources; }
world between { import resources; export uses; }
world user { import resources; import uses; export go: func() -> list<string>; }
";

const GIVER: &str = r#"const std = @import("std");

pub const resources = struct {
    pub const Thing = struct {
        n: u32,

        pub fn init(n: u32) !Thing {
            return .{ .n = n };
        }

        pub fn get(self: *Thing) u32 {
            return self.n;
        }

        pub fn init_() Thing {
            return .{ .n = 99 };
        }

        pub fn deinit(self: *Thing) void {
            std.debug.print("dropped {d}\n", .{self.n});
        }
    };

    pub fn @"type"(allocator: std.mem.Allocator, a: u8, b: u8, c: []const u8) ![]u8 {
        return std.fmt.allocPrint(allocator, "{d} {d} {s}", .{ a, b, c });
    }
};
"#;

const BETWEEN: &str = r#"const wit = @import("wit");

const types = wit.exports.demo.chain.uses;
const Thing = wit.demo.chain.resources.Thing;

pub const uses = struct {
    pub fn show(thing: *const Thing, things: []const *const Thing) u32 {
        var sum = thing.get();
        for (things) |each| sum += each.get();
        return sum;
    }

    pub fn give(holder: types.Holder) types.Holder {
        return holder;
    }

    pub fn pass(value: types.Outer) types.Outer {
        return value;
    }

    pub fn chars(value: []const u21) []const u21 {
        return value;
    }

    pub fn only() types.One {
        return .only;
    }

    pub fn maybe(value: ?struct { i16, ?bool }) ?struct { i16, ?bool } {
        return value;
    }
};
"#;

const USER: &str = r#"const std = @import("std");
const wit = @import("wit");

const resources = wit.demo.chain.resources;
const uses = wit.demo.chain.uses;

pub fn go(a: std.mem.Allocator) ![]const []const u8 {
    var lines: std.ArrayList([]const u8) = .empty;
    const one: resources.Thing = .init(1);
    defer one.deinit();
    const two: resources.Thing = .init_();
    defer two.deinit();
    try lines.append(a, try std.fmt.allocPrint(a, "{d}", .{uses.show(&one, &.{ &one, &two })}));
    const holder = uses.give(a, .{ .thing = .init(7), .@"test" = "hä" });
    defer holder.thing.deinit();
    try lines.append(a, try std.fmt.allocPrint(a, "{d} {s}", .{ holder.thing.get(), holder.@"test" }));
    for ([_]uses.Outer{
        .none,
        .{ .single = 1.5 },
        .{ .double = -2.25 },
        .{ .signed = -3 },
        .{ .list = &.{ .{ .wide = 1 << 63 }, .{ .narrow = 0.5 }, .@"const" } },
    }) |value| try lines.append(a, try std.fmt.allocPrint(a, "{any}", .{uses.pass(a, value)}));
    try lines.append(a, try std.fmt.allocPrint(a, "{any}", .{uses.chars(a, &.{ 'a', 'ß', '🦀' })}));
    try lines.append(a, try std.fmt.allocPrint(a, "{t}", .{uses.only()}));
    const both = .{ uses.maybe(.{ -5, null }), uses.maybe(.{ -5, true }) };
    try lines.append(a, try std.fmt.allocPrint(a, "{any} {any}", both));
    try lines.append(a, resources.@"type"(a, 1, 2, "x"));
    return lines.items;
}
"#;
