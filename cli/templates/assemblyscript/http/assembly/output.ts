import { OutputStream } from "./bindings/imports/wasi-io-streams";

/** What one blocking write may hold. */
const BYTES_MAX = 4096;

/** Writes a text in UTF-8; false where the other side no longer reads. */
export function write(stream: OutputStream, text: string): bool {
  const bytes = Uint8Array.wrap(String.UTF8.encode(text));
  for (let start = 0; start < bytes.length; start += BYTES_MAX) {
    const end = min(start + BYTES_MAX, bytes.length);
    const written = stream.blockingWriteAndFlush(bytes.subarray(start, end));
    if (written.isErr) return false;
  }
  return true;
}
