// Chromium's own WebSocket to a server on TLS: over HTTP/2 if the server offers
// that, else over HTTP/1.1.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";

const binary = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../bin/switchboard");

function serve(...args) {
  return new Promise((yes, no) => {
    const child = spawn(binary, ["serve", "--addr", "localhost:0", "--bench", "--admin-addr", "none", ...args], { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    const ended = new Promise((done) => child.once("exit", done));
    ended.then((code) => no(new Error(`the server ended with code ${code} before it listened`)));
    child.stdout.on("data", (d) => {
      out += d;
      const url = /listening on (https:\S+)/.exec(out)?.[1];
      if (url) yes({ url, stop: () => { child.kill("SIGTERM"); return ended; } });
    });
  });
}

describe("WebSockets of a browser over TLS", () => {
  let dir, browser, files;
  before(async () => {
    dir = mkdtempSync(path.join(tmpdir(), "switchboard-h2-"));
    const cert = path.join(dir, "cert.pem"), key = path.join(dir, "key.pem");
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", key, "-out", cert,
      "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], { stdio: ["ignore", "ignore", "pipe"] });
    files = ["--tls-cert", cert, "--tls-key", key];
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--ignore-certificate-errors"] });
  });
  after(async () => {
    await browser?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  for (const [what, args, status] of [["with the switch: a stream of HTTP/2", ["--websockets-over-http2"], 200], ["without: an upgrade", [], 101]])
    test(what, async () => {
      const s = await serve(...files, ...args);
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const page = await context.newPage();
      const devtools = await context.newCDPSession(page);
      await devtools.send("Network.enable");
      const handshake = new Promise((yes) => devtools.on("Network.webSocketHandshakeResponseReceived", (e) => yes(e.response.status)));
      await page.goto(`${s.url}/healthz`);
      const got = await page.evaluate(async (url) => {
        const ws = new WebSocket(url.replace("https", "wss") + "/bench");
        const messages = [], echo = new Promise((yes) => (ws.onmessage = (e) => messages.push(e.data) === 2 && yes()));
        await new Promise((yes, no) => { ws.onopen = yes; ws.onerror = () => no(new Error("not opened")); });
        ws.send('{"protocol":"json","version":1}\u001e');
        ws.send('{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}\u001e');
        await echo;
        const end = new Promise((yes) => (ws.onclose = (e) => yes({ code: e.code, clean: e.wasClean })));
        ws.close();
        return { page: performance.getEntriesByType("navigation")[0].nextHopProtocol, messages, end: await end };
      }, s.url);
      assert.deepEqual(got, { page: "h2", messages: ["{}\u001e", '{"type":3,"invocationId":"1","result":"x"}\u001e'], end: { code: 1000, clean: true } });
      assert.equal(await handshake, status);
      await context.close();
      assert.equal(await s.stop(), 0);
    });
});
