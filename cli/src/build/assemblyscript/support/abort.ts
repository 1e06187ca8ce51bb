// What happens when a program gives up. Made by wkit from its WIT: changes are lost.

/** Ends the component's work: a trap. The world has no `wasi:cli/stderr`, so that nobody hears the reason. */
export function abort(
  message: string | null = null,
  file: string | null = null,
  line: u32 = 0,
  column: u32 = 0,
): void {
  unreachable();
}
