// Package export_bench_kernel_compute is the kernel in Go.
package export_bench_kernel_compute

const stepsMax = 200

// Kernel adds up how many steps each point of an n by n grid stays near 0.
func Kernel(n uint32) uint64 {
	var total uint64
	for row := range n {
		ci := 2.0*float64(row)/float64(n) - 1.0
		for column := range n {
			cr := 3.0*float64(column)/float64(n) - 2.0
			zr, zi := 0.0, 0.0
			var steps uint64
			for steps < stepsMax && zr*zr+zi*zi <= 4.0 {
				zr, zi = zr*zr-zi*zi+cr, 2.0*zr*zi+ci
				steps++
			}
			total += steps
		}
	}
	return total
}
