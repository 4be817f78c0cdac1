import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { excerpt, readDemos } from "./build/demos.js";
import { frame } from "./build/frame.js";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "..");
const demos = readDemos(here);
const panel = {
  title: "",
  sentence: "Switchboard: real-time hubs for Go, for SignalR clients.",
  lead: "Plug in: each jack is a working use of real-time communication. Its lamp glows with the traffic there is.",
};

/** import code from "drawer:chat": the real source between marker comments. */
const drawers = {
  name: "drawers",
  resolveId: (id) => (id.startsWith("drawer:") ? "\0" + id : undefined),
  load(id) {
    if (!id.startsWith("\0drawer:")) return undefined;
    const { go, ts } = demos.find((d) => d.name === id.slice("\0drawer:".length));
    const parts = [["Go", go], ["TypeScript", ts]].flatMap(([language, files]) =>
      [files].flat().map((file) => {
        this.addWatchFile(resolve(root, file));
        return { language, file, code: excerpt(root, file) };
      }),
    );
    return `export default ${JSON.stringify(parts)}`;
  },
};

/** import demos from "virtual:demos": what the panel lists. */
const list = {
  name: "demos",
  resolveId: (id) => (id === "virtual:demos" ? "\0demos" : undefined),
  load: (id) => (id === "\0demos" ? `export default ${JSON.stringify(demos.map(({ name, title, sentence }) => ({ name, title, sentence })))}` : undefined),
};

const frames = {
  name: "frames",
  transformIndexHtml: {
    order: "pre",
    handler(html, { filename }) {
      const name = dirname(relative(here, filename));
      return frame(html, name === "." ? panel : demos.find((d) => d.name === name));
    },
  },
};

export default defineConfig({
  root: here,
  plugins: [drawers, list, frames],
  build: {
    outDir: "dist",
    emptyOutDir: false,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: ["index.html", ...demos.map((d) => `${d.name}/index.html`)].map((f) => resolve(here, f)),
    },
  },
  server: {
    proxy: Object.fromEntries(
      ["^/[a-zA-Z]+Hub", "/gallery/", "/healthz", ...demos.flatMap((d) => d.proxy)].map((p) => [p, { target: "http://localhost:5000", ws: true }]),
    ),
  },
});
