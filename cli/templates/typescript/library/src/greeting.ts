/** A greeting for the person called `name`. */
export function greeting(name: string): string {
  return `Hello, ${name}!`;
}
