import { greeting } from "./greeting";

/** The interface `greet` */
export namespace greet {
  export function greet(name: string): string {
    return greeting(name);
  }
}
