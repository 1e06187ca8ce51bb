;; The kernel as a core module, as a compiler without a component model would make it.
(module
  (memory (export "memory") 1)

  ;; Adds up how many steps each point of an `n` by `n` grid stays near 0.
  (func (export "bench:kernel/compute@0.1.0#kernel") (param $n i32) (result i64)
    (local $row i32) (local $column i32) (local $steps i64) (local $total i64)
    (local $ci f64) (local $cr f64) (local $zr f64) (local $zi f64) (local $next f64) (local $size f64)
    (local.set $size (f64.convert_i32_u (local.get $n)))
    (block $rows_done
      (loop $rows
        (br_if $rows_done (i32.ge_u (local.get $row) (local.get $n)))
        (local.set $ci
          (f64.sub
            (f64.div (f64.mul (f64.const 2) (f64.convert_i32_u (local.get $row))) (local.get $size))
            (f64.const 1)))
        (local.set $column (i32.const 0))
        (block $columns_done
          (loop $columns
            (br_if $columns_done (i32.ge_u (local.get $column) (local.get $n)))
            (local.set $cr
              (f64.sub
                (f64.div (f64.mul (f64.const 3) (f64.convert_i32_u (local.get $column))) (local.get $size))
                (f64.const 2)))
            (local.set $zr (f64.const 0))
            (local.set $zi (f64.const 0))
            (local.set $steps (i64.const 0))
            (block $done
              (loop $step
                (br_if $done (i64.ge_u (local.get $steps) (i64.const 200)))
                (br_if $done
                  (f64.gt
                    (f64.add
                      (f64.mul (local.get $zr) (local.get $zr))
                      (f64.mul (local.get $zi) (local.get $zi)))
                    (f64.const 4)))
                (local.set $next
                  (f64.add
                    (f64.sub
                      (f64.mul (local.get $zr) (local.get $zr))
                      (f64.mul (local.get $zi) (local.get $zi)))
                    (local.get $cr)))
                (local.set $zi
                  (f64.add
                    (f64.mul (f64.mul (f64.const 2) (local.get $zr)) (local.get $zi))
                    (local.get $ci)))
                (local.set $zr (local.get $next))
                (local.set $steps (i64.add (local.get $steps) (i64.const 1)))
                (br $step)))
            (local.set $total (i64.add (local.get $total) (local.get $steps)))
            (local.set $column (i32.add (local.get $column) (i32.const 1)))
            (br $columns)))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (br $rows)))
    (local.get $total)))
