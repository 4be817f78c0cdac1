// Every folder of web/ with a demo.json is a page of the gallery.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** Reads all demo.json files, in the order of the panel. */
export function readDemos(web) {
  return readdirSync(web, { withFileTypes: true })
    .filter((d) => d.isDirectory() && existsSync(resolve(web, d.name, "demo.json")))
    .map((d) => check(d.name, JSON.parse(readFileSync(resolve(web, d.name, "demo.json"), "utf8"))))
    .sort((a, b) => a.order - b.order);
}

function check(name, demo) {
  for (const key of ["order", "title", "sentence", "lead", "go", "ts"])
    if (!demo[key]) throw new Error(`web/${name}/demo.json has no "${key}"`);
  return { name, proxy: [], ...demo };
}

/** The lines between "drawer: begin" and "drawer: end", several stretches apart by an empty line. */
export function excerpt(root, file) {
  const text = readFileSync(resolve(root, file), "utf8");
  const found = [...text.matchAll(/^([ \t]*)\/\/ drawer: begin\n([^]*?)^[ \t]*\/\/ drawer: end$/gm)];
  if (!found.length) throw new Error(`${file} has no "drawer" markers`);
  return found.map(([, indent, code]) => outdent(code, indent)).join("\n\n");
}

function outdent(code, indent) {
  return code
    .split("\n")
    .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
    .join("\n")
    .replaceAll("\t", "    ")
    .replace(/^\n+/, "")
    .trimEnd();
}
