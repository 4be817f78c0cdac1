// Serves the suite to a page: its files and the packages, as they are, from an
// origin that is not the server's.
import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const client = "/node_modules/@microsoft/signalr/dist/esm";
const imports = {
  "@microsoft/signalr": `${client}/index.js`,
  "@microsoft/signalr/dist/cjs/HttpConnection.js": `${client}/HttpConnection.js`,
  "@microsoft/signalr-protocol-msgpack": "/node_modules/@microsoft/signalr-protocol-msgpack/dist/esm/index.js",
  "@msgpack/msgpack": "/node_modules/@msgpack/msgpack/dist.es5+esm/index.mjs",
};
const page = `<!doctype html><title>functional suite</title>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  import { run } from "/functional/cases.mjs";
  import { XhrHttpClient } from "${client}/XhrHttpClient.js";
  window.run = (title, { url, secure }) =>
    run(title, { url, secure, browser: true, WebSocket, XhrHttpClient, get: async (path) => (await fetch(url + path)).text() });
</script>`;

/** The packages import each other without file endings. */
async function file(name) {
  for (const ending of ["", ".js", ".mjs"])
    try {
      return await readFile(path.join(root, path.normalize(name)) + ending);
    } catch {} // the next one
}

export async function serve() {
  const server = http.createServer(async (req, res) => {
    const { pathname } = new URL(req.url, "http://page");
    const body = pathname === "/" ? page : await file(pathname);
    res.writeHead(body === undefined ? 404 : 200, { "Content-Type": pathname === "/" ? "text/html; charset=utf-8" : "text/javascript; charset=utf-8" });
    res.end(body);
  });
  await new Promise((yes) => server.listen(0, "127.0.0.1", yes));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise((yes) => { server.close(yes); server.closeAllConnections(); }) };
}
