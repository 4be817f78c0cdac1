// A real server process, and official clients for it.
import { spawn } from "node:child_process";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import WebSocket from "ws";

const binary = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../../out/interop-server");
export const RS = "\x1e";
export const hello = `{"protocol":"json","version":1}${RS}`;
export const transports = Object.entries(HttpTransportType).filter(([, v]) => [1, 2, 4].includes(v));

const listening = (port) =>
  new Promise((yes) => {
    const s = net.createServer();
    s.once("error", () => yes()).listen(port, () => yes(s));
  });

// Each process has a hundred ports of its own, below those that the system
// gives away: what is free stays free until the program it is for listens, or
// listens again. The hundred is claimed by listening on the first of them.
const claimed = { first: undefined, used: 0 };

async function claim() {
  for (let i = Math.floor(Math.random() * 200); ; i = (i + 1) % 200) {
    const s = await listening(10_000 + i * 100);
    if (s) return s.unref().address().port;
  }
}

/** A port that nobody else is given. */
export async function freePort() {
  const first = await (claimed.first ??= claim());
  for (;;) {
    const port = first + ++claimed.used;
    if (claimed.used > 99) throw new Error("no port is left of this process's hundred");
    const s = await listening(port);
    if (s) return new Promise((yes) => s.close(() => yes(port)));
  }
}

/** Starts the server; a port of 0 takes a free one, which another program may have when a second server wants it. With `tls` it has an https address, too, as `secure`. */
export function start(port = 0, { tls = false, origins = [] } = {}) {
  const urls = `${tls ? "https://127.0.0.1:0;" : ""}http://127.0.0.1:${port}`;
  return new Promise((yes, no) => {
    const child = spawn(binary, ["-origins", origins.join(",")], { env: { ...process.env, ASPNETCORE_URLS: urls }, stdio: ["ignore", "pipe", "pipe"] });
    let out = "", log = "";
    child.stderr.on("data", (d) => (log += d));
    child.stdout.on("data", (d) => {
      out += d;
      const url = /Now listening on: (http:\S+)\n/.exec(out)?.[1];
      if (url)
        yes({
          url, secure: /Now listening on: (https:\S+)/.exec(out)?.[1], port: +new URL(url).port, log: () => log,
          stop: (signal = "SIGTERM") => new Promise((done) => {
            if (child.exitCode !== null || child.signalCode) return done(child.exitCode);
            child.once("exit", done);
            child.kill(signal);
          }),
        });
    });
    child.on("exit", (code) => no(new Error(`the server ended with ${code}: ${log}`)));
  });
}

export function client(url, transport, { retry, packed, ...options } = {}) {
  const b = new HubConnectionBuilder().withUrl(url, { transport, ...options }).configureLogging(LogLevel.None);
  if (packed) b.withHubProtocol(new MessagePackHubProtocol());
  if (retry) b.withAutomaticReconnect(retry);
  return b.build();
}

/** The next call of a client method. */
export const heard = (c, method) => new Promise((yes) => { const f = (...a) => { c.off(method, f); yes(a); }; c.on(method, f); });
export const closed = (c) => new Promise((yes) => c.onclose(yes));

/** One HTTP request, as it is. */
export function request(url, { method = "GET", headers = {}, body } = {}) {
  return new Promise((yes, no) => {
    const r = http.request(url, { method, headers, agent: false }, (res) => {
      const chunks = [];
      res.on("data", (d) => chunks.push(d));
      res.on("end", () => yes({ status: res.statusCode, headers: res.headers, reason: res.statusMessage, text: Buffer.concat(chunks).toString() }));
    });
    r.on("error", no);
    r.end(body);
  });
}

export async function negotiate(url, query = "?negotiateVersion=1") {
  return JSON.parse((await request(`${url}/negotiate${query}`, { method: "POST" })).text);
}

/** A plain WebSocket that remembers what came: `next()` is one message, `ended` the close code. */
export async function socket(url, options) {
  const w = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: false, ...options });
  const queue = [], waiting = [];
  w.on("message", (data, binary) => { const m = { text: data.toString(), binary }; waiting.length ? waiting.shift()(m) : queue.push(m); });
  w.next = () => (queue.length ? Promise.resolve(queue.shift()) : new Promise((yes) => waiting.push(yes)));
  w.ended = new Promise((yes) => w.on("close", (code) => yes(code)));
  await new Promise((yes, no) => { w.on("open", yes); w.on("error", no); });
  return w;
}

/** A plain WebSocket through its handshake. */
export async function line(url, options) {
  const w = await socket(url, options);
  w.send(hello);
  const answer = await w.next();
  if (answer.text !== `{}${RS}`) throw new Error(answer.text);
  return w;
}

/** An open event stream that remembers its bytes: `until(text)` waits for some. */
export function events(url) {
  const s = { text: "", waiting: [] };
  const look = () => { s.waiting = s.waiting.filter(([t, yes]) => !(s.text.includes(t) && (yes(s.text), true))); };
  s.opened = new Promise((yes, no) => {
    const r = http.get(url, { headers: { accept: "text/event-stream" }, agent: false }, (res) => {
      s.headers = res.headers;
      s.status = res.statusCode;
      s.ended = new Promise((end) => res.on("close", end));
      res.on("data", (d) => { s.text += d; look(); });
      res.once("data", () => yes(s));
    });
    r.on("error", no);
    s.abort = () => r.destroy();
  });
  s.until = (t) => new Promise((yes) => { s.waiting.push([t, yes]); look(); });
  return s;
}

export function bytes(port, data) {
  return new Promise((yes) => {
    let got = Buffer.alloc(0);
    const c = net.connect(port, "127.0.0.1", () => c.write(data));
    c.on("data", (d) => (got = Buffer.concat([got, d])));
    c.on("close", () => yes(got));
    c.on("error", () => yes(got));
  });
}
