//! The WIT that the tests are about: every kind of type, a `use` across packages, async, both WASI lines.

use wkit_fixtures::component::from_wit;

pub(crate) const RICH: &str = r#"
package test:rich;

world it {
  import demo:kv/store@0.1.0;
  import log: interface { write: func(line: string); }
  import now: func() -> u64;
  import wasi:cli/environment@0.2.6;
  import wasi:clocks/system-clock@0.3.0;
  export demo:kv/admin@0.1.0;
  export wasi:cli/run@0.2.6;
  export twice: async func(n: u32) -> u32;
  export shapes: interface {
    record %record { x: f32, y: f64 }
    type points = list<%record>;
    area: func(%list: points, %from: option<%record>) -> result<f64>;
  }
}

package demo:types@0.1.0 {
  interface types {
    record options { ttl: option<u32>, tags: list<string> }
    variant failure { denied, not-found(string), other(tuple<u8, char>) }
    enum level { low, high }
    flags mode { read, write }
    resource bucket {
      constructor(name: string);
      get: func(key: string) -> result<list<u8>, failure>;
      watch: async func() -> stream<string>;
      merge: static func(all: list<borrow<bucket>>) -> result<bucket, failure>;
    }
  }
}

package demo:kv@0.1.0 {
  interface store {
    use demo:types/types@0.1.0.{bucket, options, failure as problem};
    open: func(name: string, options: options) -> result<bucket, problem>;
    later: func() -> future<result<_, problem>>;
    nothing: func() -> result<_, string>;
  }
  interface admin {
    use demo:types/types@0.1.0.{level, mode};
    use store.{bucket};
    set: func(level: level, mode: mode, target: borrow<bucket>);
  }
}

package wasi:cli@0.2.6 {
  interface run { run: func() -> result; }
  interface environment { get-arguments: func() -> list<string>; }
}
package wasi:clocks@0.3.0 {
  interface system-clock { now: func() -> u64; }
}
"#;

pub(crate) fn rich() -> Vec<u8> {
    from_wit(RICH, "it")
}
