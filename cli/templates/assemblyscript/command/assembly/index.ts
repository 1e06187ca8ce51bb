import { getArguments } from "./bindings/imports/wasi-cli-environment";
import { getStdout } from "./bindings/imports/wasi-cli-stdout";
import { Result, Unit, unit } from "./bindings/types";
import { greeting } from "./greeting";
import { write } from "./output";

/** `wasi:cli/run` */
export namespace run {
  export function run(): Result<Unit, Unit> {
    // The first argument is the program's own name.
    const words = getArguments();
    const name = words.length > 1 ? words[1] : "world";
    const stdout = getStdout();
    const isWritten = write(stdout, greeting(name) + "\n");
    stdout.drop();
    return isWritten
      ? Result.ok<Unit, Unit>(unit)
      : Result.err<Unit, Unit>(unit);
  }
}
