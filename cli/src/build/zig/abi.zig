//! The canonical ABI of the component model: how values cross the border of a component.
//!
//! The types of `wit.zig` say how their values look in memory and as core values; everything here is derived from
//! them while compiling. Core values are kept as 64 bits each, the shorter ones in the low bits: that is what the
//! cases of a variant share.

const std = @import("std");

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
var lent: std.ArrayList(Lent) = .empty;

const Lent = struct { handle: u32, drop: *const fn (i32) callconv(.c) void };

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
    const indirect = flatLen(Arguments) > flat_params_max;
    const in_memory = flatLen(R) > 1;
    var scratch: std.heap.ArenaAllocator = .init(gpa);
    defer scratch.deinit();

    const given = if (indirect) 1 else flatLen(Arguments);
    var slots: [given + (if (in_memory) 1 else 0)]u64 = undefined;
    var memory: [if (indirect) sizeOf(Arguments) else 0]u8 align(8) = undefined;
    if (indirect) {
        store(Arguments, arguments, @intFromPtr(&memory), scratch.allocator());
        slots[0] = @intFromPtr(&memory);
    } else lowerFlat(Arguments, arguments, slots[0..given], scratch.allocator());
    var area: [if (in_memory) sizeOf(R) else 0]u8 align(8) = undefined;
    if (in_memory) slots[given] = @intFromPtr(&area);

    const before = arriving;
    arriving = allocator;
    const returned = callCore(core, &slots);
    arriving = before;
    if (in_memory) return load(R, @intFromPtr(&area), allocator);
    if (flatLen(R) == 1) return liftFlat(R, &.{toSlot(returned)}, allocator);
    return liftFlat(R, &.{}, allocator);
}

fn callCore(comptime core: anytype, slots: []const u64) @typeInfo(@TypeOf(core)).@"fn".return_type.? {
    var arguments: std.meta.ArgsTuple(@TypeOf(core)) = undefined;
    inline for (@typeInfo(@TypeOf(core)).@"fn".param_types, 0..) |P, i| arguments[i] = fromSlot(P.?, slots[i]);
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
    inline for (arguments, 0..) |argument, i| slots[i] = toSlot(argument);
    const params = if (flatLen(Params) > flat_params_max)
        load(Params, @truncate(slots[0]), allocator)
    else
        liftFlat(Params, &slots, allocator);
    const result = invoke(implementation, expected, Params, R, params, allocator);
    for (lent.items) |handle| handle.drop(@bitCast(handle.handle));
    lent.clearRetainingCapacity();
    if (flatLen(R) > 1) {
        const area = allocator.rawAlloc(sizeOf(R), .fromByteUnits(alignOf(R)), @returnAddress()) orelse outOfMemory();
        store(R, result, @intFromPtr(area), allocator);
        return @bitCast(@intFromPtr(area));
    }
    defer finish();
    var slot: [1]u64 = undefined;
    lowerFlat(R, result, slot[0..flatLen(R)], allocator);
    return if (Core == void) {} else fromSlot(Core, slot[0]);
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

fn outOfMemory() noreturn {
    @panic("out of memory");
}

fn fromSlot(comptime Core: type, slot: u64) Core {
    return switch (Core) {
        i32, f32 => @bitCast(@as(u32, @truncate(slot))),
        i64, f64 => @bitCast(slot),
        else => comptime unreachable,
    };
}

fn toSlot(core: anytype) u64 {
    return switch (@TypeOf(core)) {
        i32, f32 => @as(u32, @bitCast(core)),
        i64, f64 => @bitCast(core),
        else => comptime unreachable,
    };
}

/// How a type of `wit.zig` crosses the border.
const Kind = enum { nothing, boolean, char, int, float, list, borrow, own, flags, enumeration, record, option, variant };

fn kindOf(comptime T: type) Kind {
    return switch (@typeInfo(T)) {
        .void => .nothing,
        .bool => .boolean,
        .int => |int| if (int.bits == 21) .char else .int,
        .float => .float,
        .pointer => |pointer| if (pointer.size == .slice) .list else .borrow,
        .optional => .option,
        .@"enum" => .enumeration,
        .@"struct" => |of| if (of.layout == .@"packed") .flags else if (@hasDecl(T, "wit_resource")) .own else .record,
        .@"union" => .variant,
        else => @compileError("no type of WIT: " ++ @typeName(T)),
    };
}

/// The types of the cases of a variant.
inline fn casesOf(comptime T: type) []const type {
    return switch (kindOf(T)) {
        .option => &.{ void, @typeInfo(T).optional.child },
        .variant => @typeInfo(T).@"union".field_types,
        else => comptime unreachable,
    };
}

inline fn fieldsOf(comptime T: type) []const type {
    return @typeInfo(T).@"struct".field_types;
}

/// The unsigned integer that tells `count` cases apart.
fn Discriminant(comptime count: usize) type {
    return if (count <= 1 << 8) u8 else if (count <= 1 << 16) u16 else u32;
}

/// The integer that holds flags.
fn Bits(comptime T: type) type {
    return @typeInfo(T).@"struct".backing_integer.?;
}

/// How far the largest types of a world may be looked at while compiling.
const quota = 1_000_000;

/// The next multiple of an alignment.
fn aligned(comptime offset: comptime_int, comptime alignment: comptime_int) comptime_int {
    return @divFloor(offset + alignment - 1, alignment) * alignment;
}

fn alignOf(comptime T: type) comptime_int {
    @setEvalBranchQuota(quota);
    return switch (kindOf(T)) {
        .nothing, .boolean => 1,
        .char, .list, .borrow, .own => 4,
        .int, .float => sizeOf(T),
        .flags => @sizeOf(Bits(T)),
        .enumeration => sizeOf(T),
        .record => {
            comptime var largest = 1;
            inline for (fieldsOf(T)) |F| largest = @max(largest, alignOf(F));
            return largest;
        },
        .option, .variant => {
            comptime var largest = @sizeOf(Discriminant(casesOf(T).len));
            inline for (casesOf(T)) |C| largest = @max(largest, alignOf(C));
            return largest;
        },
    };
}

fn sizeOf(comptime T: type) comptime_int {
    @setEvalBranchQuota(quota);
    return switch (kindOf(T)) {
        .nothing => 0,
        .boolean => 1,
        .char, .borrow, .own => 4,
        .list => 8,
        .int => @typeInfo(T).int.bits / 8,
        .float => @typeInfo(T).float.bits / 8,
        .flags => @sizeOf(Bits(T)),
        .enumeration => @sizeOf(Discriminant(@typeInfo(T).@"enum".field_names.len)),
        .record => aligned(offsetOf(T, fieldsOf(T).len), alignOf(T)),
        .option, .variant => {
            comptime var largest = 0;
            inline for (casesOf(T)) |C| largest = @max(largest, sizeOf(C));
            return aligned(payloadOffset(T) + largest, alignOf(T));
        },
    };
}

/// Where the field at `index` lies in a record; behind the last one where there is no such field.
fn offsetOf(comptime T: type, comptime index: usize) comptime_int {
    @setEvalBranchQuota(quota);
    const fields = fieldsOf(T);
    comptime var offset = 0;
    inline for (fields, 0..) |F, i| {
        if (i > index) break;
        offset = aligned(offset, alignOf(F));
        if (i == index) break;
        offset += sizeOf(F);
    }
    return offset;
}

/// Where the payload of a variant lies.
fn payloadOffset(comptime T: type) comptime_int {
    @setEvalBranchQuota(quota);
    comptime var largest = 1;
    inline for (casesOf(T)) |C| largest = @max(largest, alignOf(C));
    return aligned(@sizeOf(Discriminant(casesOf(T).len)), largest);
}

/// How many core values a value consists of.
fn flatLen(comptime T: type) comptime_int {
    @setEvalBranchQuota(quota);
    return switch (kindOf(T)) {
        .nothing => 0,
        .boolean, .char, .int, .float, .borrow, .own, .flags, .enumeration => 1,
        .list => 2,
        .record => {
            comptime var count = 0;
            inline for (fieldsOf(T)) |F| count += flatLen(F);
            return count;
        },
        .option, .variant => {
            comptime var largest = 0;
            inline for (casesOf(T)) |C| largest = @max(largest, flatLen(C));
            return 1 + largest;
        },
    };
}

/// Whether Zig and the canonical ABI agree how a list of `T` lies in memory.
fn isPlain(comptime T: type) bool {
    return kindOf(T) == .int or kindOf(T) == .float;
}

fn at(comptime T: type, address: usize) *align(1) T {
    return @ptrFromInt(address);
}

fn lowerFlat(comptime T: type, value: T, slots: []u64, scratch: Allocator) void {
    @setEvalBranchQuota(quota);
    switch (comptime kindOf(T)) {
        .nothing => {},
        .boolean => slots[0] = @intFromBool(value),
        .char => slots[0] = value,
        .int => slots[0] = switch (@typeInfo(T).int.signedness) {
            .unsigned => value,
            .signed => if (T == i64) @bitCast(value) else @as(u32, @bitCast(@as(i32, value))),
        },
        .float => slots[0] = toSlot(value),
        .list => {
            const address, const len = lowerList(T, value, scratch);
            slots[0] = address;
            slots[1] = len;
        },
        .borrow => slots[0] = borrowed(T, value),
        .own => slots[0] = value.wit_handle,
        .flags => slots[0] = @as(Bits(T), @bitCast(value)),
        .enumeration => slots[0] = @backingInt(value),
        .record => {
            comptime var next = 0;
            inline for (@typeInfo(T).@"struct".field_names, fieldsOf(T)) |name, F| {
                lowerFlat(F, @field(value, name), slots[next..][0..flatLen(F)], scratch);
                next += flatLen(F);
            }
        },
        .option => {
            @memset(slots, 0);
            if (value) |some| {
                slots[0] = 1;
                const Some = @typeInfo(T).optional.child;
                lowerFlat(Some, some, slots[1..][0..flatLen(Some)], scratch);
            }
        },
        .variant => {
            @memset(slots, 0);
            slots[0] = @backingInt(value);
            switch (value) {
                inline else => |payload| {
                    const Payload = @TypeOf(payload);
                    lowerFlat(Payload, payload, slots[1..][0..flatLen(Payload)], scratch);
                },
            }
        },
    }
}

fn liftFlat(comptime T: type, slots: []const u64, allocator: Allocator) T {
    @setEvalBranchQuota(quota);
    switch (comptime kindOf(T)) {
        .nothing => return {},
        .boolean => return slots[0] != 0,
        .char => return @truncate(slots[0]),
        .int => return switch (@typeInfo(T).int.signedness) {
            .unsigned => @truncate(slots[0]),
            .signed => @bitCast(@as(@Int(.unsigned, @typeInfo(T).int.bits), @truncate(slots[0]))),
        },
        .float => return fromSlot(T, slots[0]),
        .list => return liftList(T, @truncate(slots[0]), @truncate(slots[1]), allocator),
        .borrow => return lend(T, @truncate(slots[0]), allocator),
        .own => return .{ .wit_handle = @truncate(slots[0]) },
        .flags => return @bitCast(@as(Bits(T), @truncate(slots[0]))),
        .enumeration => return @fromBackingInt(@intCast(slots[0])),
        .record => {
            var value: T = undefined;
            comptime var next = 0;
            inline for (@typeInfo(T).@"struct".field_names, fieldsOf(T)) |name, F| {
                @field(value, name) = liftFlat(F, slots[next..][0..flatLen(F)], allocator);
                next += flatLen(F);
            }
            return value;
        },
        .option => {
            const Some = @typeInfo(T).optional.child;
            // Not one expression: an optional of an optional must be wrapped once.
            if (slots[0] == 0) return null;
            return @as(Some, liftFlat(Some, slots[1..][0..flatLen(Some)], allocator));
        },
        .variant => {
            const info = @typeInfo(T).@"union";
            inline for (info.field_names, info.field_types, 0..) |name, C, i| {
                if (slots[0] == i) return @unionInit(T, name, liftFlat(C, slots[1..][0..flatLen(C)], allocator));
            }
            unreachable;
        },
    }
}

fn store(comptime T: type, value: T, address: usize, scratch: Allocator) void {
    @setEvalBranchQuota(quota);
    switch (comptime kindOf(T)) {
        .nothing => {},
        .boolean => at(u8, address).* = @intFromBool(value),
        .char => at(u32, address).* = value,
        .int, .float => at(T, address).* = value,
        .list => {
            const elements, const len = lowerList(T, value, scratch);
            at(u32, address).* = elements;
            at(u32, address + 4).* = len;
        },
        .borrow => at(u32, address).* = borrowed(T, value),
        .own => at(u32, address).* = value.wit_handle,
        .flags => at(Bits(T), address).* = @bitCast(value),
        .enumeration => {
            at(Discriminant(@typeInfo(T).@"enum".field_names.len), address).* = @intCast(@backingInt(value));
        },
        .record => inline for (@typeInfo(T).@"struct".field_names, fieldsOf(T), 0..) |name, F, i| {
            store(F, @field(value, name), address + offsetOf(T, i), scratch);
        },
        .option => {
            at(u8, address).* = @intFromBool(value != null);
            if (value) |some| store(@TypeOf(some), some, address + payloadOffset(T), scratch);
        },
        .variant => {
            at(Discriminant(casesOf(T).len), address).* = @intCast(@backingInt(value));
            switch (value) {
                inline else => |payload| store(@TypeOf(payload), payload, address + payloadOffset(T), scratch),
            }
        },
    }
}

fn load(comptime T: type, address: usize, allocator: Allocator) T {
    @setEvalBranchQuota(quota);
    switch (comptime kindOf(T)) {
        .nothing => return {},
        .boolean => return at(u8, address).* != 0,
        .char => return @truncate(at(u32, address).*),
        .int, .float => return at(T, address).*,
        .list => return liftList(T, at(u32, address).*, at(u32, address + 4).*, allocator),
        .borrow => return lend(T, at(u32, address).*, allocator),
        .own => return .{ .wit_handle = at(u32, address).* },
        .flags => return @bitCast(at(Bits(T), address).*),
        .enumeration => return @fromBackingInt(@intCast(at(Discriminant(@typeInfo(T).@"enum".field_names.len), address).*)),
        .record => {
            var value: T = undefined;
            inline for (@typeInfo(T).@"struct".field_names, fieldsOf(T), 0..) |name, F, i| {
                @field(value, name) = load(F, address + offsetOf(T, i), allocator);
            }
            return value;
        },
        .option => {
            const Some = @typeInfo(T).optional.child;
            if (at(u8, address).* == 0) return null;
            return @as(Some, load(Some, address + payloadOffset(T), allocator));
        },
        .variant => {
            const info = @typeInfo(T).@"union";
            const case = at(Discriminant(info.field_names.len), address).*;
            inline for (info.field_names, info.field_types, 0..) |name, C, i| {
                if (case == i) return @unionInit(T, name, load(C, address + payloadOffset(T), allocator));
            }
            unreachable;
        },
    }
}

fn lowerList(comptime T: type, list: T, scratch: Allocator) struct { u32, u32 } {
    const E = @typeInfo(T).pointer.child;
    if (comptime isPlain(E)) return .{ @intFromPtr(list.ptr), list.len };
    if (list.len == 0) return .{ alignOf(E), 0 };
    const place = scratch.rawAlloc(list.len * sizeOf(E), .fromByteUnits(alignOf(E)), @returnAddress()) orelse
        outOfMemory();
    const address = @intFromPtr(place);
    for (list, 0..) |element, i| store(E, element, address + i * sizeOf(E), scratch);
    return .{ address, list.len };
}

fn liftList(comptime T: type, address: usize, len: usize, allocator: Allocator) T {
    const E = @typeInfo(T).pointer.child;
    if (len == 0) return &.{};
    if (comptime isPlain(E)) return @as([*]const E, @ptrFromInt(address))[0..len];
    const list = allocator.alloc(E, len) catch outOfMemory();
    for (list, 0..) |*element, i| element.* = load(E, address + i * sizeOf(E), allocator);
    const arrived = @as([*]u8, @ptrFromInt(address))[0 .. len * sizeOf(E)];
    allocator.rawFree(arrived, .fromByteUnits(alignOf(E)), @returnAddress());
    return list;
}

/// The handle that a pointer to a resource stands for.
fn borrowed(comptime T: type, value: T) u32 {
    return value.wit_handle;
}

/// A resource that was lent to this component: one of its own as a pointer to its value, another one as a handle that
/// must be given back.
fn lend(comptime T: type, handle: u32, allocator: Allocator) T {
    const R = @typeInfo(T).pointer.child;
    if (!@hasDecl(R, "wit_resource")) return @ptrFromInt(handle);
    const place = allocator.create(R) catch outOfMemory();
    place.* = .{ .wit_handle = handle };
    lent.append(gpa, .{ .handle = handle, .drop = R.wit_drop }) catch outOfMemory();
    return place;
}
