// Builds the pages into a folder: `node build.mjs OUT`. OUT/index.json names, for each page, its HTML; everything else in
// OUT/assets has its content's hash in its name, and a .gz beside it.

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const PAGES = {
  home: "Hansom: rides of your own",
  rider: "Hansom",
  driver: "Hansom for drivers",
  ops: "Hansom operations",
  docs: "Hansom's API",
  asyncapi: "Hansom's socket",
};
// what a page asks for first, fetched while its script is
const FIRST = { docs: "/openapi.json", asyncapi: "/asyncapi.json" };
const out = process.argv[2];
if (!out) throw new Error("usage: node build.mjs OUT");

const hashed = (name, body) => {
  const [, stem, ending] = /^(.*?)(\.[a-z]+)$/.exec(name);
  return `${stem}-${createHash("sha256").update(body).digest("hex").slice(0, 10)}${ending}`;
};

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });

const save = async (name, body) => {
  await writeFile(join(out, "assets", name), body);
  await writeFile(join(out, "assets", `${name}.gz`), gzipSync(body, { level: 9 }));
};

// MapLibre's worker is a file of its own, so that no policy has to allow scripts made of text
const worker = await readFile("node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs");
const workerName = hashed("map-worker.js", worker);
await save(workerName, worker);

const result = await esbuild.build({
  entryPoints: Object.fromEntries(Object.keys(PAGES).map((page) => [page, `src/${page}/main.tsx`])),
  outdir: "/assets",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  sourcemap: false,
  metafile: true,
  write: false,
  legalComments: "none",
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  define: { MAP_WORKER: JSON.stringify(`/assets/${workerName}`) },
});

for (const file of result.outputFiles) await save(basename(file.path), file.contents);

const index = {};
for (const [page, title] of Object.entries(PAGES)) {
  const [path, facts] = Object.entries(result.metafile.outputs).find(
    ([, each]) => each.entryPoint === `src/${page}/main.tsx`,
  );
  const script = `/assets/${basename(path)}`;
  const style = facts.cssBundle && `/assets/${basename(facts.cssBundle)}`;
  const preloads = facts.imports.filter((each) => each.kind === "import-statement").map((each) => basename(each.path));
  index[page] = [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${title}</title>`,
    '<link rel="icon" href="data:,">',
    style ? `<link rel="stylesheet" href="${style}">` : "",
    ...preloads.map((name) => `<link rel="modulepreload" href="/assets/${name}">`),
    page in FIRST ? `<link rel="preload" href="${FIRST[page]}" as="fetch" crossorigin="anonymous">` : "",
    `<script type="module" src="${script}"></script>`,
    "</head><body>",
    '<div id="page"></div><noscript>These pages need JavaScript.</noscript>',
    "</body></html>",
  ]
    .filter(Boolean)
    .join("\n");
}
await writeFile(join(out, "index.json"), JSON.stringify(index));
