// The kernel in TypeScript.

const STEPS_MAX = 200;

export const compute = {
  /** Adds up how many steps each point of an `n` by `n` grid stays near 0. */
  kernel(n: number): bigint {
    let total = 0;
    for (let row = 0; row < n; row++) {
      const ci = (2 * row) / n - 1;
      for (let column = 0; column < n; column++) {
        const cr = (3 * column) / n - 2;
        let zr = 0;
        let zi = 0;
        let steps = 0;
        while (steps < STEPS_MAX && zr * zr + zi * zi <= 4) {
          const next = zr * zr - zi * zi + cr;
          zi = 2 * zr * zi + ci;
          zr = next;
          steps++;
        }
        total += steps;
      }
    }
    return BigInt(total);
  },
};
