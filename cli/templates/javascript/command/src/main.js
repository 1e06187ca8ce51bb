import { getArguments } from "wasi:cli/environment@0.2.12";
import { greeting } from "./greeting.js";

// The interface `wasi:cli/run`: returning is success, throwing is failure.
export const run = {
  run() {
    const [, name = "world"] = getArguments();
    console.log(greeting(name));
  },
};
