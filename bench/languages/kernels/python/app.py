"""The kernel in Python."""

from wit_world import exports

STEPS_MAX = 200


class Compute(exports.Compute):
    """The WIT interface `compute`."""

    def kernel(self, n: int) -> int:
        """Add up how many steps each point of an n by n grid stays near 0."""
        total = 0
        for row in range(n):
            ci = 2.0 * row / n - 1.0
            for column in range(n):
                cr = 3.0 * column / n - 2.0
                zr = zi = 0.0
                steps = 0
                while steps < STEPS_MAX and zr * zr + zi * zi <= 4.0:
                    zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
                    steps += 1
                total += steps
        return total
