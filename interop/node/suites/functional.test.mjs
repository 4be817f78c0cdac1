// The functional suite in Node. SERVER_URL="https://...;http://..." points it
// at another server, as the official suites are.
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { run, titles } from "../functional/cases.mjs";
import { start } from "./server.mjs";

process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"; // the server signs its own certificate
process.removeAllListeners("warning");

let server, place;
before(async () => {
  const given = process.env.SERVER_URL?.split(";");
  server = given ? { url: given.at(-1), secure: given[0], stop() {} } : await start(0, { tls: true });
  const get = async (path) => (await fetch(server.url + path)).text();
  place = { url: server.url, secure: server.secure, browser: false, WebSocket, get };
});
after(() => server?.stop());

for (const title of titles(false)) test(`Node: ${title}`, () => run(title, place));
