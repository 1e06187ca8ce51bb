/** The text for a path with its query; null where there is nothing. */
export function answer(pathWithQuery: string): string | null {
  const mark = pathWithQuery.indexOf("?");
  const path = mark < 0 ? pathWithQuery : pathWithQuery.slice(0, mark);
  if (path != "/") return null;
  const query = mark < 0 ? "" : pathWithQuery.slice(mark + 1);
  const name = parameter(query, "name");
  return `Hello, ${name === null ? "world" : name}!\n`;
}

/** The first value that a query gives a name. */
function parameter(query: string, name: string): string | null {
  const pairs = query.split("&");
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i];
    if (pair.startsWith(name + "=")) return decode(pair.slice(name.length + 1));
  }
  return null;
}

/** Puts in what stands behind `+` and `%`; a `%` without two digits stands for itself. */
function decode(text: string): string {
  const source = Uint8Array.wrap(String.UTF8.encode(text));
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let i = 0; i < source.length; i++, length++) {
    const high = i + 2 < source.length ? digit(source[i + 1]) : -1;
    const low = i + 2 < source.length ? digit(source[i + 2]) : -1;
    if (source[i] == 0x25 && high >= 0 && low >= 0) {
      bytes[length] = <u8>(high * 16 + low);
      i += 2;
    } else {
      bytes[length] = source[i] == 0x2b ? 0x20 : source[i];
    }
  }
  return String.UTF8.decodeUnsafe(bytes.dataStart, length);
}

/** The value of a hexadecimal digit, or -1. */
function digit(code: u8): i32 {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
