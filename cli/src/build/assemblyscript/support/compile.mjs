// Runs AssemblyScript's compiler over sources that lie in two places: the person's folder, which is the current one,
// and wkit's own, whose files take the places that the list names.
//
// node compile.mjs COMPILER SOURCES OUTPUT ENTRY
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [compiler, list, output, entry] = process.argv.slice(2);
const { files, reserved } = JSON.parse(readFileSync(list, "utf8"));
const folder = process.cwd();

// The program lies in `bin`, and what it runs in `dist`.
const library = join(dirname(dirname(realpathSync(compiler))), "dist", "asc.js");
const asc = await import(pathToFileURL(library));

/** A file's text, or null where there is none. */
function readFile(name, baseDir) {
  const path = resolve(baseDir, name);
  const known = relative(folder, path).split(sep).join("/");
  if (!Object.hasOwn(files, known) && known.startsWith(reserved)) return null;
  try {
    return readFileSync(files[known] ?? path, "utf8");
  } catch {
    return null;
  }
}

/** Keeps the module; nothing else is asked for. */
function writeFile(name, contents) {
  if (name.endsWith(".wasm")) writeFileSync(output, contents);
}

const { error } = await asc.main([entry, "--outFile", "core.wasm"], {
  stdout: process.stdout,
  stderr: process.stderr,
  readFile,
  writeFile,
});
if (error) process.exitCode = 1;
