//! The canonical ABI of the component model: how functions are called across the border of a component. How their
//! values look there is in `values.zig`.

const std = @import("std");

const values = @import("values.zig");

pub const Allocator = std.mem.Allocator;

/// Allocates what lives longer than a call.
pub const gpa = std.heap.wasm_allocator;

/// More core values than this are passed in memory.
const flat_params_max = 16;

/// What an exported function is called with, and what it returns; freed when the caller has taken the result.
var call_arena: std.heap.ArenaAllocator = .init(gpa);

/// Where values that arrive are put while an imported function runs; otherwise they go into `call_arena`.
var arriving: ?Allocator = null;

/// Handles that were lent to an exported function; they are given back before it returns.
pub var lent: std.ArrayList(Lent) = .empty;

pub const Lent = struct { handle: u32, drop: *const fn (i32) callconv(.c) void };

/// The `result` of WIT.
pub fn Result(comptime Ok: type, comptime Err: type) type {
    return union(enum) {
        ok: Ok,
        err: Err,

        /// The value, where `try` says enough about the failure.
        pub fn unwrap(self: @This()) error{Failed}!Ok {
            return switch (self) {
                .ok => |value| value,
                .err => error.Failed,
            };
        }
    };
}

/// A resource that this component exports: a handle, with a value of `T` behind it.
pub fn Exported(comptime T: type, comptime core: type) type {
    return struct {
        wit_handle: u32,

        pub const wit_resource = true;
        pub const wit_value = T;
        const Self = @This();

        /// A new resource, which owns `inner`.
        pub fn init(inner: T) Self {
            const place = gpa.create(T) catch outOfMemory();
            place.* = inner;
            return .{ .wit_handle = @bitCast(core.new(@bitCast(@intFromPtr(place)))) };
        }

        /// The value behind the handle.
        pub fn get(self: Self) *T {
            return @ptrFromInt(@as(u32, @bitCast(core.rep(@bitCast(self.wit_handle)))));
        }

        /// Gives the resource up, which calls `deinit` of the value.
        pub fn deinit(self: Self) void {
            core.drop(@bitCast(self.wit_handle));
        }
    };
}

/// What happens when the last handle of an exported resource is dropped.
pub fn destroy(comptime T: type, rep: i32) void {
    const place: *T = @ptrFromInt(@as(u32, @bitCast(rep)));
    if (@hasDecl(T, "deinit")) place.deinit();
    gpa.destroy(place);
}

/// Calls an imported function. What arrives is allocated with `allocator`.
pub fn call(comptime core: anytype, comptime R: type, allocator: Allocator, arguments: anytype) R {
    const Arguments = @TypeOf(arguments);
    const indirect = values.flatLen(Arguments) > flat_params_max;
    const in_memory = values.flatLen(R) > 1;
    var scratch: std.heap.ArenaAllocator = .init(gpa);
    defer scratch.deinit();

    const given = if (indirect) 1 else values.flatLen(Arguments);
    var slots: [given + (if (in_memory) 1 else 0)]u64 = undefined;
    var memory: [if (indirect) values.sizeOf(Arguments) else 0]u8 align(8) = undefined;
    if (indirect) {
        values.store(Arguments, arguments, @intFromPtr(&memory), scratch.allocator());
        slots[0] = @intFromPtr(&memory);
    } else values.lowerFlat(Arguments, arguments, slots[0..given], scratch.allocator());
    var area: [if (in_memory) values.sizeOf(R) else 0]u8 align(8) = undefined;
    if (in_memory) slots[given] = @intFromPtr(&area);

    const before = arriving;
    arriving = allocator;
    const returned = callCore(core, &slots);
    arriving = before;
    if (in_memory) return values.load(R, @intFromPtr(&area), allocator);
    if (values.flatLen(R) == 1) return values.liftFlat(R, &.{values.toSlot(returned)}, allocator);
    return values.liftFlat(R, &.{}, allocator);
}

fn callCore(comptime core: anytype, slots: []const u64) @typeInfo(@TypeOf(core)).@"fn".return_type.? {
    var arguments: std.meta.ArgsTuple(@TypeOf(core)) = undefined;
    inline for (@typeInfo(@TypeOf(core)).@"fn".param_types, 0..) |P, i| arguments[i] = values.fromSlot(P.?, slots[i]);
    return @call(.auto, core, arguments);
}

/// Calls the function behind an export. `expected` is its declaration as it should be.
pub fn answer(
    comptime implementation: anytype,
    comptime expected: []const u8,
    comptime Params: type,
    comptime R: type,
    comptime Core: type,
    arguments: anytype,
) Core {
    const allocator = call_arena.allocator();
    var slots: [arguments.len]u64 = undefined;
    inline for (arguments, 0..) |argument, i| slots[i] = values.toSlot(argument);
    const params = if (values.flatLen(Params) > flat_params_max)
        values.load(Params, @truncate(slots[0]), allocator)
    else
        values.liftFlat(Params, &slots, allocator);
    const result = invoke(implementation, expected, Params, R, params, allocator);
    for (lent.items) |handle| handle.drop(@bitCast(handle.handle));
    lent.clearRetainingCapacity();
    if (values.flatLen(R) > 1) {
        const area = allocator.rawAlloc(values.sizeOf(R), .fromByteUnits(values.alignOf(R)), @returnAddress()) orelse outOfMemory();
        values.store(R, result, @intFromPtr(area), allocator);
        return @bitCast(@intFromPtr(area));
    }
    defer finish();
    var slot: [1]u64 = undefined;
    values.lowerFlat(R, result, slot[0..values.flatLen(R)], allocator);
    return if (Core == void) {} else values.fromSlot(Core, slot[0]);
}

/// Frees everything that belongs to the call of an exported function.
pub fn finish() void {
    _ = call_arena.reset(.{ .retain_with_limit = 64 * 1024 });
}

fn invoke(
    comptime implementation: anytype,
    comptime expected: []const u8,
    comptime Params: type,
    comptime R: type,
    params: Params,
    allocator: Allocator,
) R {
    const info = switch (@typeInfo(@TypeOf(implementation))) {
        .@"fn" => |info| info,
        else => @compileError("expected `" ++ expected ++ "`, found a declaration that is no function"),
    };
    const wanted = @typeInfo(Params).@"struct".field_types;
    // An allocator may come first, or behind the resource that a method belongs to.
    const extra: ?usize = comptime for (info.param_types, 0..) |P, i| {
        if (P == Allocator and i < 2 and info.param_types.len == wanted.len + 1) break i;
    } else null;
    if (info.param_types.len != wanted.len + @intFromBool(extra != null)) @compileError(
        std.fmt.comptimePrint("expected `{s}`, found another number of parameters: {d}", .{ expected, info.param_types.len }),
    );
    var arguments: std.meta.ArgsTuple(@TypeOf(implementation)) = undefined;
    inline for (info.param_types, 0..) |P, i| {
        if (extra == i) {
            arguments[i] = allocator;
        } else {
            const from = i - @intFromBool(extra != null and extra.? < i);
            if (P != wanted[from]) @compileError(std.fmt.comptimePrint(
                "expected `{s}`, found a parameter of the type `{s}`",
                .{ expected, @typeName(P.?) },
            ));
            arguments[i] = params[from];
        }
    }
    const Returned = info.return_type.?;
    const Value = switch (@typeInfo(Returned)) {
        .error_union => |of| of.payload,
        else => Returned,
    };
    if (comptime !fits(Value, R)) @compileError(
        std.fmt.comptimePrint("expected `{s}`, found the result `{s}`", .{ expected, @typeName(Value) }),
    );
    const returned = @call(.auto, implementation, arguments);
    const value = if (Value == Returned) returned else returned catch |err| @panic(@errorName(err));
    if (Value == noreturn) unreachable;
    if (comptime isNewResource(Value, R)) return R.init(value);
    return value;
}

/// Whether a function that is to return an `R` may return a `Value`.
fn fits(comptime Value: type, comptime R: type) bool {
    if (Value == R or Value == noreturn or isNewResource(Value, R)) return true;
    const from = @typeInfo(Value);
    const to = @typeInfo(R);
    return from == .pointer and to == .pointer and from.pointer.size == .slice and to.pointer.size == .slice and
        from.pointer.child == to.pointer.child;
}

fn isNewResource(comptime Value: type, comptime R: type) bool {
    return @typeInfo(R) == .@"struct" and @hasDecl(R, "wit_value") and R.wit_value == Value;
}

/// `cabi_realloc`: makes room for what arrives.
pub fn realloc(old: usize, old_len: usize, alignment: usize, new_len: usize) callconv(.c) usize {
    if (new_len == 0) return alignment;
    const allocator = arriving orelse call_arena.allocator();
    const wanted: std.mem.Alignment = .fromByteUnits(alignment);
    const new = allocator.rawAlloc(new_len, wanted, @returnAddress()) orelse outOfMemory();
    if (old_len > 0) {
        const before = @as([*]u8, @ptrFromInt(old))[0..old_len];
        const kept = @min(old_len, new_len);
        @memcpy(new[0..kept], before[0..kept]);
        allocator.rawFree(before, wanted, @returnAddress());
    }
    return @intFromPtr(new);
}

/// Says why and traps: what a panic does unless the sources have their own.
pub fn fail(message: []const u8, _: ?usize) noreturn {
    const stderr = &std.debug.lockStderr(&.{}).file_writer.interface;
    stderr.print("panic: {s}\n", .{message}) catch {};
    @trap();
}

pub fn outOfMemory() noreturn {
    @panic("out of memory");
}
