// Stateful reconnect with the official client: a proxy cuts every connection
// after two seconds, and nobody may notice. SOAK_SECONDS says for how long (10).
import assert from "node:assert/strict";
import net from "node:net";
import { after, before, test } from "node:test";
import { HttpTransportType, HubConnectionBuilder, LogLevel, Subject } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { closed, freePort, start } from "./server.mjs";

const seconds = Number(process.env.SOAK_SECONDS ?? 10), clients = 50, cutAfter = 2000;

let server, proxy;
before(async () => {
  server = await start();
  proxy = await cutting(server.port, cutAfter);
});
after(async () => {
  proxy?.close();
  await server?.stop();
});

const sleep = (ms) => new Promise((yes) => setTimeout(yes, ms));

/** A proxy that holds bytes for a moment and resets each WebSocket, both sides, so many milliseconds after the server's first
 * words on it: what it holds is lost. A client that is cut before them has to give up; so that this process, when it was held up,
 * does not cut before it has read, the time is counted in short pieces. */
async function cutting(to, ms) {
  const p = { cuts: 0, open: new Set() };
  const listener = net.createServer((near) => {
    const far = net.connect(to, "127.0.0.1");
    const both = [near, far];
    const cut = () => both.forEach((s) => s.resetAndDestroy());
    for (const s of both) {
      s.setNoDelay(true);
      s.on("error", () => {});
      s.on("close", () => { clearTimeout(timer); p.open.delete(cut); both.forEach((s) => s.destroy()); });
    }
    const pass = (from, into) => from.on("data", (p) => setTimeout(() => { if (into.writable) into.write(p); }, 10));
    pass(near, far);
    pass(far, near);
    p.open.add(cut);
    let timer;
    const count = (left) => (timer = setTimeout(() => (left ? count(left - 1) : (p.cuts++, cut())), ms / 20));
    far.once("data", (head) => {
      if (head.toString("latin1").startsWith("HTTP/1.1 101 ")) far.once("data", () => count(20));
    });
  });
  await new Promise((yes) => listener.listen(0, "127.0.0.1", yes));
  p.url = `http://127.0.0.1:${listener.address().port}`;
  p.close = () => { listener.close(); p.open.forEach((cut) => cut()); };
  return p;
}

/** Numbers from 0 that must come one by one. */
class InOrder {
  constructor(what) { this.what = what; this.next = 0; }
  take(n) {
    if (Number(n) !== this.next) throw new Error(`${this.what}: ${n} came, ${this.next} was due`);
    this.next++;
  }
}

const stateful = (url, { packed, retry } = {}) => {
  const b = new HubConnectionBuilder().configureLogging(LogLevel.None).withStatefulReconnect()
    .withUrl(`${url}/golden`, { transport: HttpTransportType.WebSockets });
  if (packed) b.withHubProtocol(new MessagePackHubProtocol());
  if (retry) b.withAutomaticReconnect(retry);
  return b.build();
};

/** One client with two open streams, an upload, steady calls, sends and questions. */
class Client {
  constructor(url, i, fail) {
    this.fail = (what) => fail(new Error(`client ${i}: ${what?.message ?? what}`));
    this.c = stateful(url, { packed: i % 2 === 1 });
    this.c.onclose((e) => this.over || this.fail(`closed: ${e}`));
    this.count = new InOrder("stream");
    this.scaled = new InOrder("upload");
    this.heard = new InOrder("event");
    this.calls = this.sent = this.slowest = this.asked = 0;
  }
  guard(f) { return (...a) => { try { return f(...a); } catch (e) { this.fail(e); } }; }

  /** Starts, if need be again: a busy machine may need longer than a negotiation waits. */
  async start() {
    for (let left = 5; ; left--)
      try {
        return await this.c.start();
      } catch (e) {
        if (!left) throw e;
      }
  }

  async run(enough) {
    const { c } = this;
    c.on("Whispered", this.guard((n) => this.heard.take(n)));
    c.on("Answer", (n) => Number(n));
    await this.start();
    this.id = c.connectionId;
    const listen = (into, f) => ({ next: this.guard((v) => into.take(f(v))), error: (e) => this.over || this.fail(e), complete: () => this.over || this.fail(`${into.what}: completed early`) });
    const counting = c.stream("Count", 1_000_000, 20).subscribe(listen(this.count, (v) => v));
    const upload = new Subject();
    this.uploaded = 0;
    c.stream("Scale", 2, upload).subscribe(listen(this.scaled, (v) => v / 2));
    for (let i = 0; !enough(); i++) {
      const from = Date.now();
      c.send("Whisper", String(this.sent++)).catch((e) => this.fail(e));
      upload.next(this.uploaded++);
      assert.equal(await c.invoke("Echo", `call ${i}`), `call ${i}`);
      this.calls++;
      if (i % 20 === 0) assert.equal(await c.invoke("Ask", String(this.asked++)), this.asked);
      this.slowest = Math.max(this.slowest, Date.now() - from);
      await sleep(50);
    }
    for (const end = Date.now() + 60_000; this.heard.next < this.sent || this.scaled.next < this.uploaded; await sleep(20))
      if (Date.now() > end) throw new Error(`lost: ${this.heard.next} of ${this.sent} events, ${this.scaled.next} of ${this.uploaded} items`);
    assert.equal(c.connectionId, this.id);
    this.over = true;
    counting.dispose();
    await c.stop();
  }
}

test(`${clients} clients, every connection cut after ${cutAfter} ms, for ${seconds} s: nothing is lost, doubled or out of order, no call fails`, { timeout: (seconds + 240) * 1000 }, async (t) => {
  // A slow machine takes longer for as many cuts.
  const until = Date.now() + seconds * 1000, latest = until + 120_000, wanted = clients * Math.floor(seconds / 3);
  const enough = () => Date.now() >= latest || (Date.now() >= until && proxy.cuts >= wanted);
  let fail;
  const failed = new Promise((_, no) => (fail = no));
  const all = Array.from({ length: clients }, (_, i) => new Client(proxy.url, i, fail));
  t.after(() => all.map((c) => { c.over = true; c.c.stop(); }));
  await Promise.race([failed, Promise.all(all.map((c, i) => sleep(i * 20).then(() => c.run(enough)).catch(c.fail)))]);
  const sum = (f) => all.reduce((n, c) => n + f(c), 0);
  t.diagnostic(`${proxy.cuts} cuts; ${sum((c) => c.calls)} calls, ${sum((c) => c.asked)} questions, ${sum((c) => c.heard.next)} events, ${sum((c) => c.count.next)} items streamed, ${sum((c) => c.scaled.next)} uploaded; slowest call ${Math.max(...all.map((c) => c.slowest))} ms`);
  assert.ok(proxy.cuts >= wanted, `only ${proxy.cuts} cuts`);
});

for (const packed of [false, true])
  test(`more than either side keeps for the other, ${packed ? "MessagePack" : "JSON"}`, async () => {
    const c = stateful(server.url, { packed }), heard = [];
    c.on("Whispered", (text) => heard.push(text.length));
    await c.start();
    const sizes = Array.from({ length: 20 }, (_, i) => 20_000 + i); // 400 KB each way, with 100 KB kept
    await Promise.all(sizes.map((n) => c.send("Whisper", "x".repeat(n))));
    for (const end = Date.now() + 60_000; heard.length < sizes.length && Date.now() < end;) await sleep(20);
    assert.deepEqual(heard, sizes);
    await c.stop();
  });

test("the hub's abort is an end: one more attempt is refused, and the client closes", async () => {
  const c = stateful(server.url), end = closed(c);
  await c.start();
  await c.send("Abort");
  assert.equal(await end, undefined);
});

test("trap 18: a server that comes back without the connection: automatic reconnect, and nothing is dropped afterwards", async () => {
  let own = await start(await freePort());
  const c = stateful(own.url, { retry: Array(600).fill(100) }), heard = [];
  c.on("Numbered", (n) => heard.push(n));
  try {
    await c.start();
    assert.equal(await c.invoke("Self", 5), 5);
    const back = new Promise((yes) => c.onreconnected(yes)), id = c.connectionId;
    await own.stop("SIGKILL");
    own = await start(own.port);
    assert.notEqual(await back, id);
    assert.equal(await c.invoke("Self", 3), 3);
    assert.deepEqual(heard, [0, 1, 2, 3, 4, 0, 1, 2]);
  } finally {
    await c.stop();
    await own.stop();
  }
});
