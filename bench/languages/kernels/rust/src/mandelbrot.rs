const STEPS_MAX: u64 = 200;

/// Adds up how many steps each point of an `n` by `n` grid stays near 0.
pub fn steps(n: u32) -> u64 {
    let mut total = 0;
    for row in 0..n {
        let ci = 2.0 * f64::from(row) / f64::from(n) - 1.0;
        for column in 0..n {
            let cr = 3.0 * f64::from(column) / f64::from(n) - 2.0;
            let (mut zr, mut zi) = (0.0, 0.0);
            let mut steps = 0;
            while steps < STEPS_MAX && zr * zr + zi * zi <= 4.0 {
                let next = zr * zr - zi * zi + cr;
                zi = 2.0 * zr * zi + ci;
                zr = next;
                steps += 1;
            }
            total += steps;
        }
    }
    total
}
