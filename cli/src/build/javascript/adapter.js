// Stands between a program and its engine, so that every value has the same form whatever the engine does: `none` is
// `undefined`, 64-bit integers are bigints, lists of numbers are typed arrays. `up` goes from the engine to the
// program, `down` goes back. A type is `null` where nothing is to be done, the name of a number, or an index into
// `types`.

const ARRAYS = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
};

// Programs dispose of what they are given; not every engine knows the symbol.
Symbol.dispose ?? Object.defineProperty(Symbol, "dispose", { value: Symbol.for("dispose") });

export function adapter({ types, integers }) {
  const narrow = integers === "narrow";
  // How objects of each resource cross: `up` and `down` by the resource's number.
  const resources = [];

  const safe = (value) => {
    if (!Number.isSafeInteger(Number(value))) {
      throw new RangeError(`${value} does not pass the engine exactly: it is beyond 2^53`);
    }
    return value;
  };
  // One engine stops at negative 64-bit integers: it wants the number that has the same bits and no sign. It makes
  // them negative with `BigInt.asIntN` while values cross to it, so that this must not do so then.
  const asIntN = BigInt.asIntN;
  const signed = integers === "unsigned" ? BigInt.asUintN : asIntN;
  let crossing = false;
  if (integers === "unsigned") {
    BigInt.asIntN = (bits, value) => (crossing && bits === 64 ? BigInt.asUintN : asIntN)(bits, value);
  }
  const numbers = {
    u32: { up: (value) => value >>> 0, down: (value) => value | 0 },
    u64: narrow
      ? { up: (value) => BigInt.asUintN(64, BigInt(safe(value))), down: (value) => Number(safe(BigInt(value))) }
      : { up: (value) => value, down: (value) => BigInt.asUintN(64, BigInt(value)) },
    s64: narrow
      ? { up: (value) => BigInt(safe(value)), down: (value) => Number(safe(BigInt(value))) }
      : { up: (value) => asIntN(64, value), down: (value) => signed(64, BigInt(value)) },
  };

  function convert(way, type, value) {
    if (type === null) return value;
    if (typeof type === "string") return numbers[type][way](value);
    const shape = types[type];
    switch (shape.kind) {
      case "option":
        if (shape.nested) {
          if (value.tag === "none") return { tag: "none" };
          return { tag: "some", val: convert(way, shape.some, value.val) };
        }
        return value === null || value === undefined ? undefined : convert(way, shape.some, value);
      case "numbers":
        return numeric(way, shape.of, value);
      case "list":
        return Array.from(value, (item) => convert(way, shape.of, item));
      case "map":
        return new Map(
          Array.from(value, ([key, item]) => [convert(way, shape.key, key), convert(way, shape.value, item)]),
        );
      case "tuple":
        return shape.of.map((of, index) => convert(way, of, value[index]));
      case "record": {
        const copy = { ...value };
        for (const [name, of] of shape.fields) copy[name] = convert(way, of, value[name]);
        return copy;
      }
      case "variant": {
        const of = shape.cases[value.tag] ?? null;
        return of === null ? value : { tag: value.tag, val: convert(way, of, value.val) };
      }
      case "resource":
        return resources[shape.resource][way](value);
    }
    throw new TypeError(`a type of the kind ${shape.kind} cannot be passed`);
  }

  function numeric(way, of, value) {
    const Numbers = ARRAYS[of];
    if (narrow && of.endsWith("64") && of[0] !== "f") {
      const items = Array.from(value, (item) => numbers[of][way](item));
      return way === "up" ? Numbers.from(items) : items;
    }
    return value instanceof Numbers ? value : Numbers.from(value);
  }

  const all = (way, list, values) => list.map((type, index) => convert(way, type, values[index]));

  // Wraps `call`, which takes `this` and the arguments. `inward` is how arguments go, `outward` how results do.
  function wrapped({ params, result, error, fails, asynchronous }, inward, outward, call) {
    const failed = (thrown) => {
      if (!fails) return thrown;
      // One engine wraps what the other component has given as the error.
      if (outward === "up") {
        const wraps = thrown instanceof Error && Object.hasOwn(thrown, "payload");
        return convert(outward, error, wraps ? thrown.payload : thrown);
      }
      // A fault of the program would look like an error that its interface knows.
      if (thrown instanceof Error) console.error(`${thrown}\n${thrown.stack ?? ""}`.trimEnd());
      return thrown instanceof Error ? thrown : convert(outward, error, thrown);
    };
    if (asynchronous) {
      return async function (...values) {
        try {
          return convert(outward, result, await call(this, all(inward, params, values)));
        } catch (thrown) {
          throw failed(thrown);
        }
      };
    }
    return function (...values) {
      crossing = false;
      try {
        const given = all(inward, params, values);
        crossing = inward === "down";
        const returned = call(this, given);
        crossing = false;
        return convert(outward, result, returned);
      } catch (thrown) {
        crossing = false;
        throw failed(thrown);
      } finally {
        crossing = outward === "down";
      }
    };
  }

  // A class that wraps the objects of another: the program's for the engine, or the engine's for the program.
  function wrappedClass(Inner, shape, inward, outward) {
    const inner = new WeakMap();
    const outer = new WeakMap();
    const pair = (object, original) => {
      inner.set(object, original);
      outer.set(original, object);
      return object;
    };
    const wrap = (original) => outer.get(original) ?? pair(Object.create(Outer.prototype), original);
    const unwrap = (object) => {
      const original = inner.get(object);
      if (original === undefined) throw new TypeError(`expected a ${shape.name}, found something else`);
      return original;
    };
    const Outer = {
      [shape.name]: class {
        constructor(...values) {
          if (shape.constructor === null) throw new TypeError(`a ${shape.name} has no constructor`);
          crossing = false;
          const given = all(inward, shape.constructor, values);
          crossing = inward === "down";
          pair(this, new Inner(...given));
          crossing = inward === "up";
        }
      },
    }[shape.name];
    for (const symbol of [Symbol.dispose, Symbol.for("dispose")]) {
      Outer.prototype[symbol] = function () {
        const original = unwrap(this);
        (original[Symbol.dispose] ?? original[Symbol.for("dispose")])?.call(original);
      };
    }
    for (const [name, method] of Object.entries(shape.methods)) {
      Outer.prototype[name] = wrapped(method, inward, outward, (self, values) => unwrap(self)[name](...values));
    }
    for (const [name, method] of Object.entries(shape.statics)) {
      Outer[name] = wrapped(method, inward, outward, (_, values) => Inner[name](...values));
    }
    // One engine notes an object's handle on it when it is given away, and would give the same handle away again.
    const anew = (original) => {
      const object = wrap(original);
      delete object.__cqjs_handle;
      return object;
    };
    resources[shape.resource] =
      inward === "down" ? { up: wrap, down: unwrap } : { up: unwrap, down: anew };
    return Outer;
  }

  function wrappedInterface(target, shape, inward, outward) {
    const made = {};
    for (const [name, resource] of Object.entries(shape.resources)) {
      made[name] = wrappedClass(target[name], resource, inward, outward);
    }
    for (const [name, func] of Object.entries(shape.functions)) {
      made[name] = wrapped(func, inward, outward, (_, values) => target[name](...values));
    }
    return made;
  }

  return {
    // What the program sees of an import.
    imported: (target, shape) => wrappedInterface(target, shape, "down", "up"),
    // What the engine sees of an export.
    exported: (target, shape) => wrappedInterface(target, shape, "up", "down"),
  };
}

// The exports of the world that `program` does not have, as a person would write them.
export function missing(program, { interfaces, root }) {
  const found = [];
  const look = (target, shape, prefix) => {
    for (const [name, { constructor, methods, statics }] of Object.entries(shape.resources)) {
      const candidate = target[name];
      if (typeof candidate !== "function") {
        found.push(`${prefix}${name}`);
        continue;
      }
      for (const method of Object.keys(methods)) {
        if (!(method in (candidate.prototype ?? {}))) found.push(`${prefix}${name}.prototype.${method}`);
      }
      for (const method of Object.keys(statics)) {
        if (typeof candidate[method] !== "function") found.push(`${prefix}${name}.${method}`);
      }
    }
    for (const name of Object.keys(shape.functions)) {
      if (typeof target[name] !== "function") found.push(`${prefix}${name}`);
    }
  };
  look(program, root, "");
  for (const [name, shape] of Object.entries(interfaces)) look(program[name] ?? {}, shape, `${name}.`);
  return found;
}
