import type { Exports } from "wkit:world/{{name}}";
import { greeting } from "./greeting.js";

// The interface `greet` of `wit/world.wit`.
export const greet: Exports["greet"] = {
  greet: greeting,
};
