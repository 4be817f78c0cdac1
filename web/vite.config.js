import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = dirname(fileURLToPath(import.meta.url));

// The code drawers show the real source between two marker comments.
const drawers = {
  chat: { go: "../examples/chat/chat.go", ts: "chat/line.ts" },
  raw: { go: "../cmd/switchboard/site.go", ts: "raw/line.ts" },
};

function excerpt(file) {
  const text = readFileSync(resolve(here, file), "utf8");
  const found = /^([ \t]*)\/\/ drawer: begin\n([^]*?)^[ \t]*\/\/ drawer: end$/m.exec(text);
  if (!found) throw new Error(`${file} has no "drawer" markers`);
  const [, indent, code] = found;
  return code
    .split("\n")
    .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
    .join("\n")
    .replaceAll("\t", "    ")
    .trimEnd();
}

const drawer = {
  name: "drawer",
  resolveId: (id) => (id.startsWith("drawer:") ? "\0" + id : undefined),
  load(id) {
    if (!id.startsWith("\0drawer:")) return undefined;
    const { go, ts } = drawers[id.slice("\0drawer:".length)];
    this.addWatchFile(resolve(here, go));
    this.addWatchFile(resolve(here, ts));
    const parts = [
      { language: "Go", file: go.replace("../", ""), code: excerpt(go) },
      { language: "TypeScript", file: "web/" + ts, code: excerpt(ts) },
    ];
    return `export default ${JSON.stringify(parts)}`;
  },
};

export default defineConfig({
  root: here,
  plugins: [drawer],
  build: {
    outDir: "dist",
    emptyOutDir: false,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: ["index.html", "chat/index.html", "raw/index.html"].map((f) => resolve(here, f)),
    },
  },
  server: {
    proxy: Object.fromEntries(
      ["/chatHub", "/ws", "/healthz"].map((p) => [p, { target: "http://localhost:5000", ws: true }]),
    ),
  },
});
