// Each transport through each proxy, with and without TLS, with the official client.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import http2 from "node:http2";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { client, request, transports } from "../suites/server.mjs";
import { binary, kinds, stand } from "./proxy.mjs";

describe("all at once", { concurrency: true }, () => {
  for (const kind of Object.keys(kinds))
    for (const tls of [false, true])
      describe(`${kind}, ${tls ? "TLS" : "plain"}`, { concurrency: true }, () => {
        let s;
        before(async () => (s = await stand(kind, tls)));
        after(() => s?.stop());

        for (const [name, transport] of transports)
          test(name, async () => {
            const a = client(`${s.url}/bench`, transport), b = client(`${s.url}/bench`, transport);
            await Promise.all([a.start(), b.start()]);
            const texts = Array.from({ length: 50 }, (_, i) => `${name} ${i}`);
            assert.deepEqual(await Promise.all(texts.map((t) => a.invoke("Echo", t))), texts);
            const long = "ä✓🎈".repeat(3000); // larger than any proxy's buffer, below the hub's 32 KiB
            assert.equal(await a.invoke("Echo", long), long);
            const said = `${name} ${tls}`;
            const told = new Promise((yes) => b.on("Receive", (t) => t === said && yes(t)));
            await a.invoke("Broadcast", said);
            await told;
            await Promise.all([a.stop(), b.stop()]);
          });

        // Held back, it would come with the next ping, after up to 15 s; tries
        // follow each other, so that only the first can meet a ping by chance.
        test("an event is there at once, not with the next", async () => {
          const c = client(`${s.url}/bench`, 2);
          await c.start();
          let least = Infinity;
          for (let i = 0; i < 5 && least >= 2000; i++) {
            const text = `now ${i} ${kind} ${tls}`, from = performance.now();
            const told = new Promise((yes) => c.on("Receive", (t) => t === text && yes()));
            await c.invoke("Broadcast", text);
            await told;
            least = Math.min(least, performance.now() - from);
          }
          assert.ok(least < 2000, `${least} ms`);
          await c.stop();
        });

        if (kind !== "no proxy")
          test("the server learns the client's address from the proxy, whatever the client claims", async () => {
            const res = await forged(s.url);
            assert.equal(res.status, 403);
            // Without the proxy's word the address would be that of the proxy's own
            // connection; port 0 stands for "from a header".
            await until(async () => s.serverLog().includes("refused"));
            const remotes = [...s.serverLog().matchAll(/refused.*remote=(\S+)/g)].map((m) => m[1]);
            assert.ok(remotes.length > 0, "nothing was refused");
            for (const r of remotes) assert.match(r, kind.includes("PROXY") ? /^127\.0\.0\.1:[1-9]\d*$/ : /^127\.0\.0\.1:0$/);
          });

        test("no token of a query is in a log", async () => {
          const secret = "s3cr3t-" + Math.random().toString(36).slice(2);
          await asked(`${s.url}/bench?id=${secret}&access_token=${secret}`);
          await asked(`${s.url}/bench/negotiate?access_token=${secret}`);
          if (kind !== "no proxy") await until(async () => /bench/.test(await s.accessLog().catch(() => "")));
          assert.ok(!s.serverLog().includes(secret), "the server's log has it");
          assert.ok(!(await s.accessLog()).includes(secret), "the proxy's log has it");
        });

        if (tls)
          test("HTTP/2: an event stream and its POSTs share one connection", async () => overHTTP2(s.url));

        if (tls)
          test("doctor finds nothing wrong", async () => {
            const good = [["negotiation", "ok"], ["server's clock", "ok"], ["event stream", "ok"], ["WebSocket", "ok"]];
            let code, out, way;
            for (let i = 0; i < 3 && !isDeepStrictEqual(way, good); i++) { // its 5 s for an answer are little beside everything else
              ({ code, out } = await doctor(`${s.url}/bench`));
              way = JSON.parse(out).filter((f) => !["descriptors", "listen backlog", "local ports", "clock"].includes(f.check)).map((f) => [f.check, f.state]);
            }
            assert.deepEqual(way, good, `${out}\n${s.serverLog().slice(-4000)}`);
            assert.ok(code === 0 || JSON.parse(out).some((f) => f.state === "bad"), `exit code ${code}`);
          });
      });
});

/** A request of a foreign page that also claims to come from elsewhere. */
const forged = (url) => ask(`${url}/bench/negotiate?negotiateVersion=1`, { method: "POST", headers: { origin: "https://evil.example", "x-forwarded-for": "203.0.113.9", forwarded: "for=203.0.113.9" } });
const asked = (url) => ask(url, {});

async function ask(url, { method = "GET", headers = {} }) {
  if (url.startsWith("http:")) return request(url, { method, headers });
  const r = await fetch(url, { method, headers });
  return { status: r.status, text: await r.text() };
}

/** Waits for a log that is written a little later. */
async function until(ready) {
  for (const end = Date.now() + 60_000; Date.now() < end && !(await ready()); ) await new Promise((yes) => setTimeout(yes, 50));
}

const doctor = (url) =>
  new Promise((yes) => execFile(binary, ["doctor", url, "--json", "--hold", "17s"], (e, out) => yes({ code: e?.code ?? 0, out })));

/** Negotiates, listens and posts by streams of one HTTP/2 connection. */
async function overHTTP2(url) {
  const c = http2.connect(url);
  const stream = (headers, body) =>
    new Promise((yes, no) => {
      const r = c.request(headers, { endStream: body === undefined });
      if (body !== undefined) r.end(body);
      let text = "";
      r.setEncoding("utf8");
      r.on("response", (h) => { r.status = h[":status"]; });
      r.on("data", (d) => { text += d; r.emit("text", text); });
      r.on("end", () => yes({ status: r.status, text }));
      r.on("error", no);
      r.text = () => text;
      stream.last = r;
    });
  const n = await stream({ ":method": "POST", ":path": "/bench/negotiate?negotiateVersion=1" }, "");
  const id = `/bench?id=${JSON.parse(n.text).connectionToken}`;
  const whole = stream({ ":path": id, accept: "text/event-stream" });
  const events = stream.last;
  const comes = (what) => new Promise((yes) => (events.text().includes(what) ? yes() : events.on("text", (t) => t.includes(what) && yes())));
  await comes(":");
  await stream({ ":method": "POST", ":path": id }, '{"protocol":"json","version":1}\u001e');
  await comes("data: {}");
  await stream({ ":method": "POST", ":path": id }, '{"type":1,"invocationId":"1","target":"Echo","arguments":["two"]}\u001e');
  await comes('"result":"two"');
  events.close();
  await whole.catch(() => {});
  await new Promise((yes) => c.close(yes));
}
