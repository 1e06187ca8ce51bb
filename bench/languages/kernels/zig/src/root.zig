//! The kernel in Zig.

const steps_max = 200;

pub const compute = struct {
    /// Adds up how many steps each point of an `n` by `n` grid stays near 0.
    pub fn kernel(n: u32) u64 {
        const size: f64 = @floatFromInt(n);
        var total: u64 = 0;
        for (0..n) |row| {
            const ci = 2.0 * @as(f64, @floatFromInt(row)) / size - 1.0;
            for (0..n) |column| {
                const cr = 3.0 * @as(f64, @floatFromInt(column)) / size - 2.0;
                var zr: f64 = 0.0;
                var zi: f64 = 0.0;
                var steps: u64 = 0;
                while (steps < steps_max and zr * zr + zi * zi <= 4.0) : (steps += 1) {
                    const next = zr * zr - zi * zi + cr;
                    zi = 2.0 * zr * zi + ci;
                    zr = next;
                }
                total += steps;
            }
        }
        return total;
    }
};
