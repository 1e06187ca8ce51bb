// How values cross the border of the component. Made by wkit: this is for the files beside it, not for your code.

/** The start of memory that is given back after each call: most calls need no more. */
const FIRST: usize = memory.data(2048, 16);
const CHUNK_BYTES: usize = 65536 - 64;
const HEADER_BYTES: usize = 16;

let chunk: usize = 0;
let next: usize = FIRST;
let end: usize = FIRST + 2048;

/** The present end of the memory of calls; `release` goes back to it. */
// @ts-ignore: decorator
@inline
export function mark(): usize {
  return next;
}

/** Memory that lasts until the call that asks for it has released its mark. */
export function scratch(bytes: usize): usize {
  const rounded = (bytes + 15) & ~15;
  if (rounded > end - next) {
    const capacity = max(rounded, CHUNK_BYTES);
    const fresh = heap.alloc(HEADER_BYTES + capacity);
    store<usize>(fresh, chunk, 0);
    store<usize>(fresh, end, sizeof<usize>());
    chunk = fresh;
    next = fresh + HEADER_BYTES;
    end = next + capacity;
  }
  const found = next;
  next += rounded;
  return found;
}

/** Gives back all that was taken from `scratch` since `to` was marked. */
export function release(to: usize): void {
  while (chunk != 0 && !(to >= chunk + HEADER_BYTES && to <= end)) {
    const gone = chunk;
    chunk = load<usize>(gone, 0);
    end = load<usize>(gone, sizeof<usize>());
    heap.free(gone);
  }
  next = to;
}

/** Memory for the other side, outside the reach of the garbage collector. */
export function own(bytes: usize): usize {
  return bytes == 0 ? sizeof<u64>() : heap.alloc(bytes);
}

/** Frees memory of `bytes` that the other side has filled, or has read. */
export function free(pointer: usize, bytes: usize): void {
  if (bytes != 0) heap.free(pointer);
}

/** The size of a list in memory. */
export function listBytes(length: i32, element: u32): usize {
  const bytes = <u64>(<u32>length) * element;
  if (bytes > <u64>i32.MAX_VALUE) throw new Error("a list is too long to be passed on");
  return <usize>bytes;
}

/** The canonical ABI's way to get memory in this module. It never starts the garbage collector. */
export function realloc(old: usize, oldBytes: usize, alignment: usize, bytes: usize): usize {
  if (bytes == 0) {
    free(old, oldBytes);
    return alignment;
  }
  return oldBytes == 0 ? heap.alloc(bytes) : heap.realloc(old, bytes);
}

/** How many bytes the string has that was lent or given last. */
export let stringBytes: i32 = 0;

/** Eight bytes of ASCII, or four units. */
const NOT_ASCII_BYTES: u64 = 0x8080808080808080;
const NOT_ASCII_UNITS: u64 = 0xff80ff80ff80ff80;
/** What stands for half of a character, which no other language could read. */
const REPLACEMENT: u32 = 0xfffd;

/** The character at `from`; a surrogate without its other half is `REPLACEMENT`. */
function decode16(from: usize, end: usize): u32 {
  const unit = <u32>load<u16>(from);
  if ((unit & 0xf800) != 0xd800) return unit;
  if (unit >= 0xdc00 || from + 2 == end) return REPLACEMENT;
  const other = <u32>load<u16>(from + 2);
  if ((other & 0xfc00) != 0xdc00) return REPLACEMENT;
  return 0x10000 + ((unit & 0x3ff) << 10) + (other & 0x3ff);
}

/** The size of a string in UTF-8. */
function bytesOf(text: string): u64 {
  let from = changetype<usize>(text);
  const end = from + (<usize>text.length << 1);
  let bytes: u64 = 0;
  while (from < end) {
    if (from + 8 <= end && (load<u64>(from) & NOT_ASCII_UNITS) == 0) {
      from += 8;
      bytes += 4;
      continue;
    }
    const character = decode16(from, end);
    from += character > 0xffff ? 4 : 2;
    bytes += character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Writes a string in UTF-8. */
function encode8(text: string, to: usize): void {
  let from = changetype<usize>(text);
  const end = from + (<usize>text.length << 1);
  while (from < end) {
    if (from + 8 <= end) {
      let units = load<u64>(from);
      if ((units & NOT_ASCII_UNITS) == 0) {
        units |= units >> 8;
        store<u16>(to, <u16>units);
        store<u16>(to, <u16>(units >> 32), 2);
        from += 8;
        to += 4;
        continue;
      }
    }
    const character = decode16(from, end);
    from += character > 0xffff ? 4 : 2;
    if (character < 0x80) {
      store<u8>(to, <u8>character);
      to += 1;
    } else if (character < 0x800) {
      store<u8>(to, <u8>(0xc0 | (character >> 6)));
      store<u8>(to, <u8>(0x80 | (character & 0x3f)), 1);
      to += 2;
    } else if (character < 0x10000) {
      store<u8>(to, <u8>(0xe0 | (character >> 12)));
      store<u8>(to, <u8>(0x80 | ((character >> 6) & 0x3f)), 1);
      store<u8>(to, <u8>(0x80 | (character & 0x3f)), 2);
      to += 3;
    } else {
      store<u8>(to, <u8>(0xf0 | (character >> 18)));
      store<u8>(to, <u8>(0x80 | ((character >> 12) & 0x3f)), 1);
      store<u8>(to, <u8>(0x80 | ((character >> 6) & 0x3f)), 2);
      store<u8>(to, <u8>(0x80 | (character & 0x3f)), 3);
      to += 4;
    }
  }
}

/** How long a string is before it is copied; `stringBytes` has its size then. */
function measure(text: string): usize {
  const size = bytesOf(text);
  if (size > <u64>i32.MAX_VALUE) throw new Error("a string is too long to be passed on");
  stringBytes = <i32>size;
  return <usize>size;
}

/** A string in UTF-8 for the time of a call; its size is `stringBytes`. */
export function lendString(text: string): usize {
  const copy = scratch(measure(text));
  encode8(text, copy);
  return copy;
}

/** A string in UTF-8 for the other side; its size is `stringBytes`. */
export function giveString(text: string): usize {
  const copy = own(measure(text));
  encode8(text, copy);
  return copy;
}

/** The units of UTF-16 that valid UTF-8 needs: one for each character, and another one for each of four bytes. */
function unitsOf(from: usize, end: usize): usize {
  let units: usize = 0;
  while (from < end) {
    if (from + 8 <= end && (load<u64>(from) & NOT_ASCII_BYTES) == 0) {
      from += 8;
      units += 8;
      continue;
    }
    const byte = <u32>load<u8>(from);
    units += byte >= 0xf0 ? 2 : (byte & 0xc0) == 0x80 ? 0 : 1;
    from += 1;
  }
  return units;
}

/** The string of what the other side has written, which the canonical ABI makes sure is valid UTF-8. */
export function takeString(pointer: usize, length: i32): string {
  if (length == 0) return "";
  let from = pointer;
  const end = pointer + <usize>length;
  const text = changetype<string>(__new(unitsOf(from, end) << 1, idof<string>()));
  let to = changetype<usize>(text);
  while (from < end) {
    if (from + 4 <= end) {
      const four = load<u32>(from);
      if ((four & <u32>NOT_ASCII_BYTES) == 0) {
        // Each byte goes into 16 bits of its own.
        const two = (<u64>four | (<u64>four << 16)) & 0x0000ffff0000ffff;
        store<u64>(to, (two | (two << 8)) & 0x00ff00ff00ff00ff);
        from += 4;
        to += 8;
        continue;
      }
    }
    const byte = <u32>load<u8>(from);
    if (byte < 0x80) {
      store<u16>(to, <u16>byte);
      from += 1;
    } else if (byte < 0xe0) {
      store<u16>(to, <u16>(((byte & 0x1f) << 6) | follow(from + 1)));
      from += 2;
    } else if (byte < 0xf0) {
      store<u16>(to, <u16>(((byte & 0xf) << 12) | (follow(from + 1) << 6) | follow(from + 2)));
      from += 3;
    } else {
      const character = ((byte & 7) << 18) | (follow(from + 1) << 12) | (follow(from + 2) << 6) | follow(from + 3);
      const beyond = character - 0x10000;
      store<u16>(to, <u16>(0xd800 | (beyond >> 10)));
      store<u16>(to, <u16>(0xdc00 | (beyond & 0x3ff)), 2);
      from += 4;
      to += 2;
    }
    to += 2;
  }
  free(pointer, length);
  return text;
}

/** The six bits of a byte that continues a character. */
// @ts-ignore: decorator
@inline
function follow(at: usize): u32 {
  return <u32>load<u8>(at) & 0x3f;
}

/** A copy of numbers for the other side. */
export function give(start: usize, length: i32, element: u32): usize {
  const bytes = listBytes(length, element);
  const copy = own(bytes);
  memory.copy(copy, start, bytes);
  return copy;
}

/** The bytes that the other side has written. */
export function takeBytes(pointer: usize, length: i32): Uint8Array {
  const bytes = new Uint8Array(length);
  memory.copy(bytes.dataStart, pointer, length);
  free(pointer, length);
  return bytes;
}

/** The numbers that the other side has written. */
export function takeArray<T>(pointer: usize, length: i32): Array<T> {
  const array = new Array<T>(length);
  const bytes = <usize>length * sizeof<T>();
  memory.copy(array.dataStart, pointer, bytes);
  free(pointer, bytes);
  return array;
}

/** The value of a field that is never read: zero, or no object. */
// @ts-ignore: decorator
@inline
export function zero<T>(): T {
  if (isReference<T>()) {
    return changetype<T>(<usize>0);
  } else {
    return <T>0;
  }
}

/** Stops with the reason why a getter has nothing to give. */
export function refuse(reason: string): void {
  throw new Error(reason);
}

/** Something that lives on the other side, and that this side has a handle of. */
export abstract class Resource {
  constructor(public $handle: i32) {}

  /** The handle, which stays here. */
  $lend(): i32 {
    if (this.$handle == 0) throw new Error("a resource is used after it was dropped or given away");
    return this.$handle;
  }

  /** The handle, which goes to the other side. */
  $give(): i32 {
    const handle = this.$lend();
    this.$handle = 0;
    return handle;
  }

  /** Lets go of it. Its other side learns of it at once; nothing else may be done with it afterwards. */
  abstract drop(): void;
}

const borrowed: Array<Resource> = [];

/** Notes that a resource was lent for one call. */
export function borrow<T extends Resource>(resource: T): T {
  borrowed.push(resource);
  return resource;
}

/** Gives back what was lent, as it must be before a call ends. */
export function endBorrows(): void {
  while (borrowed.length > 0) {
    const resource = borrowed.pop();
    if (resource.$handle != 0) resource.drop();
  }
}

/** Objects of this side that the other side has handles of. Being here keeps them from the garbage collector. */
export class Table<T> {
  private items: Array<T | null> = [];
  private vacant: Array<i32> = [];

  /** The number by which the other side knows an object; never 0. */
  add(item: T): i32 {
    if (this.vacant.length > 0) {
      const index = this.vacant.pop();
      this.items[index] = item;
      return index + 1;
    }
    return this.items.push(item);
  }

  /** The object of a number. */
  get(number: i32): T {
    const item = this.items[number - 1];
    if (item === null) throw new Error("a resource is used after it was dropped");
    return changetype<T>(item);
  }

  /** Whether an object is still there. */
  has(number: i32): bool {
    return this.items[number - 1] !== null;
  }

  /** Takes an object out. */
  remove(number: i32): T {
    const item = this.get(number);
    this.items[number - 1] = null;
    this.vacant.push(number - 1);
    return item;
  }
}

// Memory and numbers, under names that no function of an interface can have.

// @ts-ignore: decorator
@inline
export function load8u(at: usize): i32 {
  return <i32>load<u8>(at);
}
// @ts-ignore: decorator
@inline
export function load8s(at: usize): i32 {
  return <i32>load<i8>(at);
}
// @ts-ignore: decorator
@inline
export function load16u(at: usize): i32 {
  return <i32>load<u16>(at);
}
// @ts-ignore: decorator
@inline
export function load16s(at: usize): i32 {
  return <i32>load<i16>(at);
}
// @ts-ignore: decorator
@inline
export function load32(at: usize): i32 {
  return load<i32>(at);
}
// @ts-ignore: decorator
@inline
export function loadPointer(at: usize): usize {
  return load<usize>(at);
}
// @ts-ignore: decorator
@inline
export function load64(at: usize): i64 {
  return load<i64>(at);
}
// @ts-ignore: decorator
@inline
export function loadF32(at: usize): f32 {
  return load<f32>(at);
}
// @ts-ignore: decorator
@inline
export function loadF64(at: usize): f64 {
  return load<f64>(at);
}
// @ts-ignore: decorator
@inline
export function store8(at: usize, value: i32): void {
  store<u8>(at, <u8>value);
}
// @ts-ignore: decorator
@inline
export function store16(at: usize, value: i32): void {
  store<u16>(at, <u16>value);
}
// @ts-ignore: decorator
@inline
export function store32(at: usize, value: i32): void {
  store<i32>(at, value);
}
// @ts-ignore: decorator
@inline
export function storePointer(at: usize, value: usize): void {
  store<usize>(at, value);
}
// @ts-ignore: decorator
@inline
export function store64(at: usize, value: i64): void {
  store<i64>(at, value);
}
// @ts-ignore: decorator
@inline
export function storeF32(at: usize, value: f32): void {
  store<f32>(at, value);
}
// @ts-ignore: decorator
@inline
export function storeF64(at: usize, value: f64): void {
  store<f64>(at, value);
}
// @ts-ignore: decorator
@inline
export function bitsOfF32(value: f32): i32 {
  return reinterpret<i32>(value);
}
// @ts-ignore: decorator
@inline
export function bitsOfF64(value: f64): i64 {
  return reinterpret<i64>(value);
}
// @ts-ignore: decorator
@inline
export function f32OfBits(bits: i32): f32 {
  return reinterpret<f32>(bits);
}
// @ts-ignore: decorator
@inline
export function f64OfBits(bits: i64): f64 {
  return reinterpret<f64>(bits);
}
