;; A core module that exports `greet`. wkit adds the types of `wit/world.wit` and makes a component of it.
;;
;; The names and the signatures follow the canonical ABI of the component model: a string is an address and a length
;; in bytes of UTF-8, and a result of more than one value is returned by the address where it lies.
(module
  (memory (export "memory") 1)

  (data (i32.const 16) "Hello, ")
  (data (i32.const 23) "!")

  ;; Where the next value goes. What lies below is never overwritten.
  (global $next (mut i32) (i32.const 1024))

  ;; Room for `$size` bytes.
  (func $allocate (param $align i32) (param $size i32) (result i32)
    (local $place i32) (local $end i32)
    ;; The next address that is a multiple of the alignment, which is a power of two.
    (local.set $place
      (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (local.set $end (i32.add (local.get $place) (local.get $size)))
    ;; A size that goes round the end of the address space is more than there is.
    (if (i32.lt_u (local.get $end) (local.get $place)) (then (unreachable)))
    (block $enough
      (br_if $enough
        (i64.le_u
          (i64.extend_i32_u (local.get $end))
          (i64.mul (i64.extend_i32_u (memory.size)) (i64.const 65536))))
      (br_if $enough
        (i32.ge_s
          (memory.grow
            (i32.sub
              (i32.add (i32.shr_u (local.get $end) (i32.const 16)) (i32.const 1))
              (memory.size)))
          (i32.const 0)))
      (unreachable))
    (global.set $next (local.get $end))
    (local.get $place))

  ;; How a caller gets room for its arguments. A string grows while it is translated from another encoding.
  (func (export "cabi_realloc")
    (param $old i32) (param $old_size i32) (param $align i32) (param $new_size i32) (result i32)
    (local $place i32)
    (local.set $place (call $allocate (local.get $align) (local.get $new_size)))
    (memory.copy
      (local.get $place)
      (local.get $old)
      (select
        (local.get $old_size)
        (local.get $new_size)
        (i32.lt_u (local.get $old_size) (local.get $new_size))))
    (local.get $place))

  ;; greet: func(name: string) -> string
  (func (export "local:{{name}}/greet#greet")
    (param $name i32) (param $name_size i32) (result i32)
    (local $text i32) (local $size i32) (local $result i32)
    ;; The greeting has seven bytes before the name, and one behind it.
    (local.set $size (i32.add (local.get $name_size) (i32.const 8)))
    (local.set $text (call $allocate (i32.const 1) (local.get $size)))
    (memory.copy (local.get $text) (i32.const 16) (i32.const 7))
    (memory.copy
      (i32.add (local.get $text) (i32.const 7))
      (local.get $name)
      (local.get $name_size))
    (i32.store8
      (i32.add (local.get $text) (i32.sub (local.get $size) (i32.const 1)))
      (i32.load8_u (i32.const 23)))
    ;; The result: the address and the length, side by side.
    (local.set $result (call $allocate (i32.const 4) (i32.const 8)))
    (i32.store (local.get $result) (local.get $text))
    (i32.store offset=4 (local.get $result) (local.get $size))
    (local.get $result))

  ;; Called when the caller has taken the result: all of it can go.
  (func (export "cabi_post_local:{{name}}/greet#greet") (param $result i32)
    (global.set $next (i32.const 1024))))
