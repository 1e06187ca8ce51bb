// Types that every interface can use. Made by wkit.
import * as $ from "./runtime";

/** No value: the side of a `Result` that carries nothing. */
export type Unit = bool;

/** The one value of `Unit`. */
export const unit: Unit = true;

/** A value or none, for values that cannot be `null`; the others are `T | null`. */
export class Option<T> {
  private constructor(
    readonly isSome: bool,
    private content: T,
  ) {}

  /** A value. */
  static some<T>(value: T): Option<T> {
    return new Option<T>(true, value);
  }

  /** No value. */
  static none<T>(): Option<T> {
    return new Option<T>(false, $.zero<T>());
  }

  /** Whether there is no value. */
  get isNone(): bool {
    return !this.isSome;
  }

  /** The value. Traps where there is none. */
  get value(): T {
    if (!this.isSome) $.refuse("this option has no value");
    return this.content;
  }
}

/** What a function returns that can fail. */
export class Result<T, E> {
  private constructor(
    readonly isOk: bool,
    private content: T,
    private failure: E,
  ) {}

  /** Success. */
  static ok<T, E>(value: T): Result<T, E> {
    return new Result<T, E>(true, value, $.zero<E>());
  }

  /** Failure. */
  static err<T, E>(error: E): Result<T, E> {
    return new Result<T, E>(false, $.zero<T>(), error);
  }

  /** Whether it is a failure. */
  get isErr(): bool {
    return !this.isOk;
  }

  /** The value of a success. Traps for a failure. */
  get value(): T {
    if (!this.isOk) $.refuse("this result is an error");
    return this.content;
  }

  /** The error of a failure. Traps for a success. */
  get error(): E {
    if (this.isOk) $.refuse("this result is no error");
    return this.failure;
  }
}
