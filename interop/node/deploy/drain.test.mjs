// A server is restarted under 500 clients of the official library, with calls
// in flight: all come back by themselves, no call is lost without a word, and
// they do not come back all at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpTransportType as T, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { request } from "../suites/server.mjs";
import { answers, binary, freePort, run } from "./proxy.mjs";

const CLIENTS = Number(process.env.DRAIN_CLIENTS ?? 500), WAIT = 5, DRAIN = 6; // seconds
const settings = (port) => ["serve", "--addr", `127.0.0.1:${port}`, "--gallery=false", "--bench", "--admin-addr", "none", "--drain-wait", `${WAIT}s`, "--drain-time", `${DRAIN}s`];
const sleep = (ms) => new Promise((yes) => setTimeout(yes, ms));

/** Of 500 clients 400 are on WebSockets, 50 on each of the others. */
const transportOf = (i) => (i % 10 === 8 ? T.ServerSentEvents : i % 10 === 9 ? T.LongPolling : T.WebSockets);

class Client {
  lost = []; back = []; ended = false; answered = 0; failed = 0; started = 0;
  constructor(url, i) {
    this.c = new HubConnectionBuilder().withUrl(url, { transport: transportOf(i) }).withAutomaticReconnect().configureLogging(LogLevel.None).build();
    this.c.onreconnecting(() => this.lost.push(performance.now()));
    this.c.onreconnected(() => this.back.push(performance.now()));
    this.c.onclose(() => (this.ended = true));
  }
  /** Starts, if need be again: a busy machine may need longer than a negotiation waits, and that is not what is tested. */
  async start() {
    for (let left = 10; ; left--)
      try {
        return await this.c.start();
      } catch (e) {
        if (!left) throw e;
      }
  }
  /** A call whose end is noted, whatever it is. */
  async call(ms) {
    this.started++;
    await this.c.invoke("Wait", ms).then(() => this.answered++, () => this.failed++);
  }
}

/** The shortest stretch that holds half of `times`. */
function half(times) {
  const sorted = times.toSorted((a, b) => a - b), n = Math.ceil(sorted.length / 2);
  return Math.min(...sorted.slice(n - 1).map((t, i) => t - sorted[i]));
}

/** How long this process was longest held up: so much closer together may it see what happens. */
function watchStalls() {
  const w = { longest: 0 };
  let last = performance.now();
  w.timer = setInterval(() => {
    w.longest = Math.max(w.longest, performance.now() - last - 20);
    last = performance.now();
  }, 20);
  return w;
}

test(`${CLIENTS} clients survive a restart`, { timeout: 540_000 }, async (t) => {
  const port = await freePort(), url = `http://127.0.0.1:${port}/bench`;
  let server = run(binary, settings(port));
  t.after(() => server.stop());
  await answers(port, server);

  const clients = Array.from({ length: CLIENTS }, (_, i) => new Client(url, i));
  t.after(() => Promise.allSettled(clients.map((c) => c.c.stop())));
  for (let i = 0; i < CLIENTS; i += 25) await Promise.all(clients.slice(i, i + 25).map((c) => c.start()));

  // One in five works on something that ends within the drain, one in fifty on something that outlasts it.
  const short = clients.filter((_, i) => i % 5 === 1), long = clients.filter((_, i) => i % 50 === 2);
  const calls = [...short.map((c) => c.call((WAIT + 2) * 1000)), ...long.map((c) => c.call(60_000))];
  await sleep(300);

  const from = performance.now();
  const down = server.stop(); // SIGTERM
  const stalls = watchStalls();
  t.after(() => clearInterval(stalls.timer));
  const ask = (path, options) => request(`http://127.0.0.1:${port}${path}`, options).catch(() => ({ status: "gone", headers: {} }));
  let ready; // until it says that it is not
  while ((ready = (await ask("/readyz")).status) === 200) await sleep(50);
  // Whoever was held up until the server had gone has seen nothing of this.
  const missed = (status) => status === "gone" && performance.now() - from > (WAIT + 3) * 1000;
  assert.ok(ready === 503 || missed(ready), `not ready, not ${ready}`);
  const late = new HubConnectionBuilder().withUrl(url).configureLogging(LogLevel.None).build();
  const taken = await late.start().then(() => true, () => false);
  assert.ok(taken || performance.now() - from > WAIT * 1000, "within --drain-wait clients are still taken");
  await late.stop();
  let refused;
  do refused = await ask("/bench/negotiate?negotiateVersion=1", { method: "POST" });
  while (refused.status === 200 && !(await sleep(100)));
  assert.ok(refused.status === 503 || missed(refused.status), `then they are refused, not ${refused.status}`);
  if (refused.status === 503) assert.ok(refused.headers["retry-after"], "for a while");
  await down;
  const took = performance.now() - from;
  const log = server.log();
  server = run(binary, settings(port));
  await answers(port, server);

  await Promise.all(calls); // each has an end
  for (const c of short) assert.deepEqual([c.answered, c.failed], [1, 0], "what could be finished was answered");
  for (const c of long) assert.deepEqual([c.answered, c.failed], [0, 1], "what was cut failed");

  const until = performance.now() + 240_000;
  while (clients.some((c) => !c.back.length && !c.ended) && performance.now() < until) await sleep(100);
  const away = clients.flatMap((c, i) => (c.back.length ? [] : [`${i} (${T[transportOf(i)]}) is ${c.c.state}, was lost ${c.lost.length} times`]));
  assert.deepEqual(away, [], `all come back; the server: ${server.log().slice(-2000)}`);
  await Promise.all(clients.map((c) => c.call(0)));
  assert.ok(clients.every((c) => c.answered + c.failed === c.started && c.answered > 0), "and work");

  assert.match(log, new RegExp(`msg="hub: drained" hub=bench idle=\\d+ streaming=0 finished=\\d+ cut=${long.length} left=\\d+`));
  const lost = clients.map((c) => c.lost[0]), back = clients.map((c) => c.back[0]);
  const held = Math.round(stalls.longest), spread = (times) => `half of ${times.length} within ${Math.round(half(times))} ms`;
  t.diagnostic(`the server went down in ${Math.round(took)} ms; lost: ${spread(lost)}; back: ${spread(back)}, the last ${Math.round((Math.max(...back) - Math.min(...lost)) / 1000)} s after the first was lost; this process was held up for ${held} ms`);
  t.diagnostic(/msg="hub: drained".*/.exec(log)[0]);
  assert.ok(half(lost) + held > 1200, `the ends are spread: ${spread(lost)}`);
  assert.ok(half(back) + held > 1200, `the returns are spread: ${spread(back)}`);
  assert.ok(took - held < (WAIT + DRAIN + 20) * 1000, "the server waits for no call that outlasts the drain");
});
