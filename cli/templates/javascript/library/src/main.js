import { greeting } from "./greeting.js";

// The interface `greet` of `wit/world.wit`.
export const greet = {
  greet: greeting,
};
