// What programs expect of every platform and QuickJS does not have: text as bytes, and a console.
import * as stderr from "engine:wkit-console:cli/stderr@VERSION";
import * as stdout from "engine:wkit-console:cli/stdout@VERSION";

// What a stream takes at once.
const PIECE = 4096;

globalThis.TextEncoder ??= class TextEncoder {
  get encoding() {
    return "utf-8";
  }

  encode(text = "") {
    const bytes = [];
    for (const character of String(text)) {
      let code = character.codePointAt(0);
      if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
      if (code < 0x80) bytes.push(code);
      else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
      else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
      else {
        bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63));
        bytes.push(0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
      }
    }
    return Uint8Array.from(bytes);
  }
};

globalThis.TextDecoder ??= class TextDecoder {
  #fatal;

  constructor(label = "utf-8", { fatal = false } = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`the encoding \`${label}\` is not known; expected utf-8`);
    this.#fatal = fatal;
  }

  get encoding() {
    return "utf-8";
  }

  decode(input = new Uint8Array()) {
    const bytes = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input);
    const parts = [];
    let at = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    while (at < bytes.length) {
      const [code, size] = decoded(bytes, at);
      if (code === undefined && this.#fatal) throw new TypeError("the bytes are no UTF-8");
      parts.push(String.fromCodePoint(code ?? 0xfffd));
      at += size;
    }
    return parts.join("");
  }
};

// The character at a place and its size; what is no UTF-8 has no character.
function decoded(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) return [first, 1];
  const size = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (size === 0) return [undefined, 1];
  let code = first & (0x7f >> size);
  for (let index = 1; index < size; index++) {
    const next = bytes[at + index];
    // Too long, a surrogate, or too large: known at the second byte.
    const low = index > 1 ? 0x80 : { 0xe0: 0xa0, 0xf0: 0x90 }[first] ?? 0x80;
    const high = index > 1 ? 0xbf : { 0xed: 0x9f, 0xf4: 0x8f }[first] ?? 0xbf;
    if (next === undefined || next < low || next > high) return [undefined, index];
    code = (code << 6) | (next & 63);
  }
  return [code, size];
}

globalThis.console ??= (() => {
  const encoder = new TextEncoder();
  const writer = (open) => {
    let stream;
    return (...values) => {
      stream ??= open();
      const bytes = encoder.encode(`${values.map(shown).join(" ")}\n`);
      for (let at = 0; at < bytes.length; at += PIECE) stream.blockingWriteAndFlush(bytes.subarray(at, at + PIECE));
    };
  };
  const out = writer(() => (stdout.default ?? stdout).getStdout());
  const err = writer(() => (stderr.default ?? stderr).getStderr());
  return { debug: out, info: out, log: out, error: err, warn: err };
})();

function shown(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value}\n${value.stack ?? ""}`.trimEnd();
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${item}n` : item));
  } catch {
    return String(value);
  }
}
