// Bundles a program with its adapter and puts both into a component. Started by wkit with one argument: the file that
// says what to build. Everything that goes wrong is written to standard error; a fault of the program ends with 1.
import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

// What is wrong with the program, in words that need no stack.
class Fault extends Error {}

const plan = JSON.parse(await readFile(process.argv[2], "utf8"));
const load = (file) => import(pathToFileURL(file).href);

try {
  const source = await bundle();
  await writeFile(plan.bundle, source);
  const make = plan.engine === "starlingmonkey" ? starlingMonkey : quickJs;
  await writeFile(plan.output, await make(source));
} catch (error) {
  console.error(explained(error));
  process.exitCode = 1;
}

// One module with everything that the program imports, except what the engine provides.
async function bundle() {
  const { build } = await load(plan.tools.esbuild);
  const result = await build({
    absWorkingDir: plan.folder,
    stdin: { contents: plan.entry, resolveDir: plan.folder, sourcefile: "wkit-entry.js" },
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    plugins: [{ name: "wkit", setup: provideWorld }],
  }).catch((error) => {
    throw new Fault(error.errors ? error.errors.map(placed).join("\n") : error.message);
  });
  for (const warning of result.warnings) console.error(`warning: ${placed(warning)}`);
  await writeFile(plan.inputs, Object.keys(result.metafile.inputs).join("\n"));
  return result.outputFiles[0].text;
}

// Answers the imports that are not files: the program, its adapter and what the world imports.
function provideWorld(build) {
  const { modules, program, world } = plan;
  build.onResolve({ filter: /^wkit:/ }, ({ path, pluginData }) => {
    if (path === "wkit:program") return { path: program };
    return { path, namespace: "wkit", pluginData };
  });
  // What the engine itself provides stays an import.
  build.onResolve({ filter: /^engine:/ }, ({ path }) => ({
    path: path.slice("engine:".length),
    external: true,
  }));
  build.onResolve({ filter: /.*/ }, ({ path, kind }) => {
    const name = Object.hasOwn(modules, path) ? path : plan.short[path];
    if (name !== undefined) return { path: name, namespace: "wkit" };
    if (kind === "entry-point" || !/^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*\//.test(path)) return undefined;
    const known = Object.keys(modules).map((name) => `\`${name}\``);
    const its = known.length === 0 ? "it imports nothing" : `its imports are ${known.join(", ")}`;
    return { errors: [{ text: `the world \`${world}\` does not import \`${path}\`; ${its}` }] };
  });
  build.onLoad({ filter: /.*/, namespace: "wkit" }, ({ path }) => ({
    contents: { "wkit:adapter": plan.adapter, "wkit:platform": plan.platform }[path] ?? modules[path],
    resolveDir: plan.folder,
    loader: "js",
  }));
}

async function quickJs(jsSource) {
  const { componentize } = await load(plan.tools.engine);
  const runtime =
    plan.runtime === null ? {} : { runtimeBytes: await readFile(plan.runtime) };
  const { component } = await componentize({
    witPath: plan.wit,
    world: plan.world,
    jsSource,
    ...runtime,
  });
  return component;
}

async function starlingMonkey() {
  const { componentize } = await load(plan.tools.engine);
  const { component } = await componentize({
    sourcePath: plan.bundle,
    witPath: plan.wit,
    worldName: plan.world,
    disableFeatures: plan.disabled,
  });
  return component;
}

// A message in the form `file:line:column: text`, with the line that it is about.
function placed({ text, location }) {
  if (!location) return text;
  const { file, line, column, lineText } = location;
  return `${file}:${line}:${column + 1}: ${text}\n    ${lineText.trimEnd()}`;
}

function explained(error) {
  if (error instanceof Fault) return error.message;
  return error instanceof Error ? error.message : String(error);
}
