// The kernel in AssemblyScript.

const STEPS_MAX: u64 = 200;

export namespace compute {
  /** Adds up how many steps each point of an `n` by `n` grid stays near 0. */
  export function kernel(n: u32): u64 {
    let total: u64 = 0;
    for (let row: u32 = 0; row < n; row++) {
      const ci = (2.0 * f64(row)) / f64(n) - 1.0;
      for (let column: u32 = 0; column < n; column++) {
        const cr = (3.0 * f64(column)) / f64(n) - 2.0;
        let zr = 0.0;
        let zi = 0.0;
        let steps: u64 = 0;
        while (steps < STEPS_MAX && zr * zr + zi * zi <= 4.0) {
          const next = zr * zr - zi * zi + cr;
          zi = 2.0 * zr * zi + ci;
          zr = next;
          steps++;
        }
        total += steps;
      }
    }
    return total;
  }
}
