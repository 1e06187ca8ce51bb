/** A greeting for the person called `name`. */
export function greeting(name) {
  return `Hello, ${name}!`;
}
