// What happens when a program gives up. Made by wkit from its WIT: changes are lost.

// @ts-ignore: decorator
@external("{{stderr}}", "get-stderr")
declare function getStderr(): i32;
// @ts-ignore: decorator
@external("{{streams}}", "[method]output-stream.blocking-write-and-flush")
declare function write(stream: i32, pointer: usize, bytes: i32, result: usize): void;

const RESULT: usize = memory.data(16, 8);
/** What one write may hold. */
const BYTES_MAX: i32 = 4096;

/** Tells the reason on the standard error, and ends the component's work: a trap. */
export function abort(
  message: string | null = null,
  file: string | null = null,
  line: u32 = 0,
  column: u32 = 0,
): void {
  const reason = message === null ? "abort" : message;
  const place = file === null ? "" : ` at ${file}:${line}:${column}`;
  const bytes = Uint8Array.wrap(String.UTF8.encode(`${reason}${place}\n`));
  const stream = getStderr();
  for (let start = 0; start < bytes.length; start += BYTES_MAX) {
    write(stream, bytes.dataStart + start, min(bytes.length - start, BYTES_MAX), RESULT);
  }
  unreachable();
}
