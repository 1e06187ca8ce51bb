//! Values on the border: as core values, and in memory.
//!
//! The types of `wit.zig` say how their values look there; everything is derived from them while compiling. Core
//! values are kept as 64 bits each, the shorter ones in the low bits: that is what the cases of a variant share.

const std = @import("std");
const abi = @import("abi.zig");

const Allocator = abi.Allocator;
const outOfMemory = abi.outOfMemory;

pub fn fromSlot(comptime Core: type, slot: u64) Core {
    return switch (Core) {
        i32, f32 => @bitCast(@as(u32, @truncate(slot))),
        i64, f64 => @bitCast(slot),
        else => comptime unreachable,
    };
}

pub fn toSlot(core: anytype) u64 {
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

pub fn alignOf(comptime T: type) comptime_int {
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

pub fn sizeOf(comptime T: type) comptime_int {
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
pub fn flatLen(comptime T: type) comptime_int {
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

pub fn lowerFlat(comptime T: type, value: T, slots: []u64, scratch: Allocator) void {
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

pub fn liftFlat(comptime T: type, slots: []const u64, allocator: Allocator) T {
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

pub fn store(comptime T: type, value: T, address: usize, scratch: Allocator) void {
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

pub fn load(comptime T: type, address: usize, allocator: Allocator) T {
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
    abi.lent.append(abi.gpa, .{ .handle = handle, .drop = R.wit_drop }) catch outOfMemory();
    return place;
}
