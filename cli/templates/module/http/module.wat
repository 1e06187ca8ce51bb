;; A core module that answers HTTP requests. wkit adds the types of `wit/world.wit` and makes a component of it.
;;
;; The names and the signatures follow the canonical ABI of the component model: a string is an address and a length
;; in bytes of UTF-8, a resource is a number, and who calls a function with a larger result says where it shall lie.
(module
  (import "wasi:http/types@0.2.12" "[method]incoming-request.path-with-query"
    (func $request_path (param $request i32) (param $result i32)))
  (import "wasi:http/types@0.2.12" "[resource-drop]incoming-request"
    (func $request_drop (param $request i32)))
  (import "wasi:http/types@0.2.12" "[constructor]fields"
    (func $headers_new (result i32)))
  (import "wasi:http/types@0.2.12" "[method]fields.append"
    (func $headers_append
      (param $headers i32) (param $name i32) (param $name_size i32)
      (param $value i32) (param $value_size i32) (param $result i32)))
  (import "wasi:http/types@0.2.12" "[constructor]outgoing-response"
    (func $response_new (param $headers i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-response.set-status-code"
    (func $response_status (param $response i32) (param $status i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-response.body"
    (func $response_body (param $response i32) (param $result i32)))
  ;; A result whose error has many forms: the values behind the case are shared by all of them.
  (import "wasi:http/types@0.2.12" "[static]response-outparam.set"
    (func $respond
      (param $out i32) (param $case i32) (param $response i32)
      (param i32) (param i64) (param i32) (param i32) (param i32) (param i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-body.write"
    (func $body_write (param $body i32) (param $result i32)))
  (import "wasi:http/types@0.2.12" "[static]outgoing-body.finish"
    (func $body_finish
      (param $body i32) (param $trailers.case i32) (param $trailers i32) (param $result i32)))
  (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
    (func $stream_write
      (param $stream i32) (param $bytes i32) (param $size i32) (param $result i32)))
  (import "wasi:io/streams@0.2.12" "[resource-drop]output-stream"
    (func $stream_drop (param $stream i32)))

  (memory (export "memory") 1)

  ;; What lies where: results of calls from 0 to 63, texts from 64, what a request needs from 1024.
  (data (i32.const 64) "Hello, ")
  (data (i32.const 71) "world")
  (data (i32.const 76) "!\n")
  (data (i32.const 78) "not found\n")
  (data (i32.const 88) "content-type")
  (data (i32.const 100) "text/plain; charset=utf-8")
  (global $next (mut i32) (i32.const 1024))

  ;; How the path of a request gets here.
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

  ;; The value of a hexadecimal digit; 255 for any other character.
  (func $digit (param $char i32) (result i32)
    (if (i32.lt_u (i32.sub (local.get $char) (i32.const 48)) (i32.const 10))
      (then (return (i32.sub (local.get $char) (i32.const 48)))))
    ;; Letters, small or not.
    (local.set $char (i32.sub (i32.or (local.get $char) (i32.const 32)) (i32.const 97)))
    (if (i32.lt_u (local.get $char) (i32.const 6))
      (then (return (i32.add (local.get $char) (i32.const 10)))))
    (i32.const 255))

  ;; Replaces `+` and `%41` by what they stand for, in place, and returns the new size.
  (func $decode (param $text i32) (param $size i32) (result i32)
    (local $from i32) (local $to i32) (local $end i32) (local $char i32) (local $high i32) (local $low i32)
    (local.set $from (local.get $text))
    (local.set $to (local.get $text))
    (local.set $end (i32.add (local.get $text) (local.get $size)))
    (loop $again
      (if (i32.eq (local.get $from) (local.get $end))
        (then (return (i32.sub (local.get $to) (local.get $text)))))
      (local.set $char (i32.load8_u (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      ;; `+` is a space.
      (if (i32.eq (local.get $char) (i32.const 43)) (then (local.set $char (i32.const 32))))
      ;; `%` with two digits behind it is a byte.
      (if
        (i32.and
          (i32.eq (local.get $char) (i32.const 37))
          (i32.ge_u (i32.sub (local.get $end) (local.get $from)) (i32.const 2)))
        (then
          (local.set $high (call $digit (i32.load8_u (local.get $from))))
          (local.set $low (call $digit (i32.load8_u offset=1 (local.get $from))))
          (if (i32.lt_u (i32.or (local.get $high) (local.get $low)) (i32.const 16))
            (then
              (local.set $char (i32.or (i32.shl (local.get $high) (i32.const 4)) (local.get $low)))
              (local.set $from (i32.add (local.get $from) (i32.const 2)))))))
      (i32.store8 (local.get $to) (local.get $char))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br $again))
    (unreachable))

  ;; Finds the value of `name` in a query such as `a=b&name=Ada`: its address and size. The size is -1 without one.
  (func $name_in (param $query i32) (param $end i32) (result i32 i32)
    (local $next i32)
    (loop $pair
      ;; Where the pair ends: at the next `&`, or with the query.
      (local.set $next (local.get $query))
      (block $found
        (loop $again
          (br_if $found (i32.ge_u (local.get $next) (local.get $end)))
          (br_if $found (i32.eq (i32.load8_u (local.get $next)) (i32.const 38)))
          (local.set $next (i32.add (local.get $next) (i32.const 1)))
          (br $again)))
      (if (i32.ge_u (i32.sub (local.get $next) (local.get $query)) (i32.const 5))
        (then
          ;; The four letters `name` as one number, and `=`.
          (if
            (i32.and
              (i32.eq (i32.load align=1 (local.get $query)) (i32.const 0x656d616e))
              (i32.eq (i32.load8_u offset=4 (local.get $query)) (i32.const 61)))
            (then
              (return
                (i32.add (local.get $query) (i32.const 5))
                (i32.sub (local.get $next) (i32.add (local.get $query) (i32.const 5))))))))
      (local.set $query (i32.add (local.get $next) (i32.const 1)))
      (br_if $pair (i32.lt_u (local.get $query) (local.get $end))))
    (i32.const 0)
    (i32.const -1))

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

  ;; Sends a status, and gives back the stream for the body and the body itself.
  (func $begin (param $out i32) (param $status i32) (result i32 i32)
    (local $headers i32) (local $response i32) (local $body i32)
    (local.set $headers (call $headers_new))
    (call $headers_append
      (local.get $headers) (i32.const 88) (i32.const 12) (i32.const 100) (i32.const 25) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then (unreachable)))
    (local.set $response (call $response_new (local.get $headers)))
    (if (call $response_status (local.get $response) (local.get $status)) (then (unreachable)))
    ;; Results with a resource: the case at 0, the resource at 4.
    (call $response_body (local.get $response) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then (unreachable)))
    (local.set $body (i32.load offset=4 (i32.const 0)))
    (call $body_write (local.get $body) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then (unreachable)))
    (call $respond
      (local.get $out) (i32.const 0) (local.get $response)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (i32.load offset=4 (i32.const 0))
    (local.get $body))

  ;; handle: func(request: incoming-request, response-out: response-outparam)
  (func (export "wasi:http/incoming-handler@0.2.12#handle") (param $request i32) (param $out i32)
    (local $path i32) (local $end i32) (local $name i32) (local $name_size i32)
    (local $stream i32) (local $body i32)
    ;; Nothing of an earlier request is needed any more.
    (global.set $next (i32.const 1024))
    (local.set $name (i32.const 71))
    (local.set $name_size (i32.const 5))
    ;; An optional string: the case at 0, the address at 4, the size at 8.
    (call $request_path (local.get $request) (i32.const 0))
    (call $request_drop (local.get $request))
    (local.set $path (i32.load offset=4 (i32.const 0)))
    (local.set $end (i32.add (local.get $path) (i32.load offset=8 (i32.const 0))))

    ;; The path is `/`, and ends there or before a `?`.
    (block $found
      (block $missing
        (br_if $missing (i32.eqz (i32.load8_u (i32.const 0))))
        (br_if $missing (i32.eq (local.get $path) (local.get $end)))
        (br_if $missing (i32.ne (i32.load8_u (local.get $path)) (i32.const 47)))
        (local.set $path (i32.add (local.get $path) (i32.const 1)))
        (br_if $found (i32.eq (local.get $path) (local.get $end)))
        (br_if $missing (i32.ne (i32.load8_u (local.get $path)) (i32.const 63)))
        (call $name_in (i32.add (local.get $path) (i32.const 1)) (local.get $end))
        (local.set $name_size)
        (local.set $name)
        (if (i32.eq (local.get $name_size) (i32.const -1))
          (then
            (local.set $name (i32.const 71))
            (local.set $name_size (i32.const 5)))
          (else (local.set $name_size (call $decode (local.get $name) (local.get $name_size)))))
        (br $found))
      (call $begin (local.get $out) (i32.const 404))
      (local.set $body)
      (local.set $stream)
      (drop (call $write (local.get $stream) (i32.const 78) (i32.const 10)))
      (call $end (local.get $stream) (local.get $body))
      (return))

    (call $begin (local.get $out) (i32.const 200))
    (local.set $body)
    (local.set $stream)
    ;; Who has gone away does not want the rest either.
    (block $sent
      (br_if $sent (call $write (local.get $stream) (i32.const 64) (i32.const 7)))
      (br_if $sent (call $write (local.get $stream) (local.get $name) (local.get $name_size)))
      (br_if $sent (call $write (local.get $stream) (i32.const 76) (i32.const 2))))
    (call $end (local.get $stream) (local.get $body)))

  ;; Ends the body: its stream first, then itself, without trailers.
  (func $end (param $stream i32) (param $body i32)
    (call $stream_drop (local.get $stream))
    (call $body_finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 0))))
