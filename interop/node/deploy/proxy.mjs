// Switchboard's own binary behind the reference configurations of deploy/, run
// by Debian's packages. The configurations are used as they are but for what
// must differ here: ports, certificate, places for logs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../suites/server.mjs";

export { freePort };
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
export const binary = path.join(root, "bin/switchboard");
const { CERT, KEY } = process.env; // of run.mjs

/** Reads a reference configuration and changes it; each change must hit. */
export async function reference(name, changes) {
  let text = await readFile(path.join(root, "deploy", name), "utf8");
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), `deploy/${name} has no ${JSON.stringify(from)}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** Starts a program; `log()` is all it has said. */
export function run(program, args, env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const s of [child.stdout, child.stderr]) s.on("data", (d) => (log += d));
  let over = false;
  const ended = new Promise((yes) => child.once("close", (code) => { over = true; yes(code); }));
  child.on("error", (e) => (log += e));
  return {
    log: () => log, ended, over: () => over,
    stop: () => { child.kill("SIGTERM"); return ended; },
  };
}

/** Waits until a port answers, or says what the program had to say. */
export async function answers(port, p) {
  for (const end = Date.now() + 60_000; Date.now() < end && !p.over();) {
    const ok = await new Promise((yes) => {
      const c = net.connect(port, "127.0.0.1", () => { c.destroy(); yes(true); });
      c.on("error", () => yes(false));
    });
    if (ok) return;
    await new Promise((yes) => setTimeout(yes, 50)); // programs say in no common way that they are ready
  }
  throw new Error(`nothing answers on port ${port}: ${p.log()}`);
}

/** The server, with the settings that the guide gives for a proxy on the same machine. */
export async function server(port, more = []) {
  const p = run(binary, ["serve", "--addr", `127.0.0.1:${port}`, "--bench", "--gallery", "--log-level", "debug", ...more]);
  await answers(port, p);
  return p;
}

const trust = ["--trusted-proxies", "127.0.0.1"];

async function nginx(dir, tls, port, upstream) {
  const plain = await freePort();
  const text = await reference("nginx.conf", [
    ["listen 443 ssl http2;", tls ? `listen 127.0.0.1:${port} ssl http2;` : `listen 127.0.0.1:${port};`],
    ["listen 80;", `listen 127.0.0.1:${plain};`],
    ["/etc/ssl/chat.example/fullchain.pem", CERT],
    ["/etc/ssl/chat.example/privkey.pem", KEY],
    ["/var/log/nginx/switchboard.log", `${dir}/access.log`],
    ["127.0.0.1:5000", `127.0.0.1:${upstream}`],
  ]);
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((n) => `${n}_temp_path ${dir}/${n};`).join(" ");
  const user = process.getuid() === 0 ? "user root;" : "";
  await writeFile(`${dir}/nginx.conf`, `${user} daemon off; pid ${dir}/pid; error_log stderr warn; events { worker_connections 512; } http { ${places}\n${text}\n}`);
  return { p: run("nginx", ["-p", dir, "-c", `${dir}/nginx.conf`]), accessLog: () => readFile(`${dir}/access.log`, "utf8"), plain };
}

async function haproxy(dir, tls, port, upstream, { proxyProtocol } = {}) {
  await writeFile(`${dir}/both.pem`, (await readFile(CERT, "utf8")) + (await readFile(KEY, "utf8")), { mode: 0o600 });
  const plain = await freePort();
  const text = await reference("haproxy.cfg", [
    ["log /dev/log local0", "log stdout format raw local0"],
    ["maxconn 100000", "maxconn 1000"],
    ["bind :443 ssl crt /etc/haproxy/chat.example.pem alpn h2,http/1.1", tls ? `bind 127.0.0.1:${port} ssl crt ${dir}/both.pem alpn h2,http/1.1` : `bind 127.0.0.1:${port}`],
    ["bind :80", `bind 127.0.0.1:${plain}`],
    ["server switchboard1 127.0.0.1:5000 check", `server switchboard1 127.0.0.1:${upstream} check${proxyProtocol ? " send-proxy-v2 check-send-proxy" : ""}`],
    ...(proxyProtocol ? [["http-request set-header X-Forwarded-For %[src]", "http-request del-header X-Forwarded-For"]] : []),
  ]);
  await writeFile(`${dir}/haproxy.cfg`, text);
  const p = run("haproxy", ["-db", "-f", `${dir}/haproxy.cfg`]);
  return { p, accessLog: async () => p.log(), plain };
}

async function caddy(dir, tls, port, upstream) {
  const text = await reference("Caddyfile", [
    ["chat.example {", tls ? `https://localhost:${port} {\n\ttls ${CERT} ${KEY}` : `http://localhost:${port} {`],
    ["/var/log/caddy/switchboard.log", `${dir}/access.log`],
    ["127.0.0.1:5000", `127.0.0.1:${upstream}`],
  ]);
  await writeFile(`${dir}/Caddyfile`, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${text}`);
  const p = run("caddy", ["run", "--config", `${dir}/Caddyfile`, "--adapter", "caddyfile"], { HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir });
  return { p, accessLog: () => readFile(`${dir}/access.log`, "utf8") };
}

/** No proxy: the binary's own TLS. */
async function none(dir, tls, port) {
  return { p: await server(port, tls ? ["--tls-cert", CERT, "--tls-key", KEY] : []), accessLog: async () => "" };
}

export const kinds = {
  "no proxy": { start: none },
  nginx: { start: nginx, args: trust },
  HAProxy: { start: haproxy, args: trust },
  "HAProxy with the PROXY protocol": { start: haproxy, args: [...trust, "--proxy-protocol"], options: { proxyProtocol: true } },
  Caddy: { start: caddy, args: trust },
};

/** Starts a server behind a proxy. */
export async function stand(kind, tls) {
  const { start, args, options } = kinds[kind];
  const dir = await mkdtemp(path.join(os.tmpdir(), "switchboard-deploy-"));
  await chmod(dir, 0o755);
  await mkdir(dir, { recursive: true });
  const port = await freePort(), upstream = await freePort();
  const s = args && (await server(upstream, args));
  const proxy = await start(dir, tls, port, upstream, options);
  await answers(port, proxy.p);
  return {
    ...proxy, url: `${tls ? "https" : "http"}://localhost:${port}`, port,
    serverLog: () => (s ?? proxy.p).log(),
    async stop() {
      await Promise.all([proxy.p.stop(), s?.stop()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
