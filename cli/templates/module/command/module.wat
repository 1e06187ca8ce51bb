;; A core module that greets whoever its first argument names. wkit adds the types of `wit/world.wit` and makes a
;; component of it.
;;
;; The names and the signatures follow the canonical ABI of the component model: a string is an address and a length
;; in bytes of UTF-8, and who calls a function with a larger result says where it shall lie.
(module
  (import "wasi:cli/environment@0.2.12" "get-arguments"
    (func $get_arguments (param $result i32)))
  (import "wasi:cli/stdout@0.2.12" "get-stdout"
    (func $get_stdout (result i32)))
  (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
    (func $stream_write
      (param $stream i32) (param $bytes i32) (param $size i32) (param $result i32)))
  (import "wasi:io/streams@0.2.12" "[resource-drop]output-stream"
    (func $stream_drop (param $stream i32)))

  (memory (export "memory") 1)

  ;; What lies where: results of calls at 0, texts from 32, arguments from 1024.
  (data (i32.const 32) "Hello, ")
  (data (i32.const 39) "world")
  (data (i32.const 44) "!\n")
  (global $next (mut i32) (i32.const 1024))

  ;; How the arguments get here. They are read once, so that nothing is ever freed.
  (func (export "cabi_realloc")
    (param $old i32) (param $old_size i32) (param $align i32) (param $new_size i32) (result i32)
    (local $place i32) (local $end i32)
    ;; The next address that is a multiple of the alignment, which is a power of two.
    (local.set $place
      (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (local.set $end (i32.add (local.get $place) (local.get $new_size)))
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
    (memory.copy
      (local.get $place)
      (local.get $old)
      (select
        (local.get $old_size)
        (local.get $new_size)
        (i32.lt_u (local.get $old_size) (local.get $new_size))))
    (global.set $next (local.get $end))
    (local.get $place))

  ;; Writes all bytes, in pieces of the size that one call takes at most. 1 where the stream takes no more.
  (func $write (param $stream i32) (param $bytes i32) (param $size i32) (result i32)
    (local $piece i32)
    (loop $again
      (if (i32.eqz (local.get $size)) (then (return (i32.const 0))))
      (local.set $piece
        (select (local.get $size) (i32.const 4096) (i32.lt_u (local.get $size) (i32.const 4096))))
      (call $stream_write
        (local.get $stream) (local.get $bytes) (local.get $piece) (i32.const 0))
      ;; The result's first byte is 0 for success.
      (if (i32.load8_u (i32.const 0)) (then (return (i32.const 1))))
      (local.set $bytes (i32.add (local.get $bytes) (local.get $piece)))
      (local.set $size (i32.sub (local.get $size) (local.get $piece)))
      (br $again))
    (unreachable))

  ;; run: func() -> result
  (func (export "wasi:cli/run@0.2.12#run") (result i32)
    (local $name i32) (local $name_size i32) (local $stream i32) (local $failed i32)
    (local.set $name (i32.const 39))
    (local.set $name_size (i32.const 5))
    ;; A list of strings: its address and its length. The first one is the program's own name.
    (call $get_arguments (i32.const 0))
    (if (i32.gt_u (i32.load offset=4 (i32.const 0)) (i32.const 1))
      (then
        (local.set $name (i32.load offset=8 (i32.load (i32.const 0))))
        (local.set $name_size (i32.load offset=12 (i32.load (i32.const 0))))))
    (local.set $stream (call $get_stdout))
    (local.set $failed
      (call $write (local.get $stream) (i32.const 32) (i32.const 7)))
    (if (i32.eqz (local.get $failed))
      (then
        (local.set $failed
          (call $write (local.get $stream) (local.get $name) (local.get $name_size)))))
    (if (i32.eqz (local.get $failed))
      (then
        (local.set $failed
          (call $write (local.get $stream) (i32.const 44) (i32.const 2)))))
    (call $stream_drop (local.get $stream))
    ;; 0 is `ok`, 1 is `err`.
    (local.get $failed)))
