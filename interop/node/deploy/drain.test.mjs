// A server is restarted under 500 clients of the official library, with calls
// in flight: all come back by themselves, no call is lost without a word, and
// they do not come back all at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpTransportType as T, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { answers, binary, freePort, run } from "./proxy.mjs";

const CLIENTS = Number(process.env.DRAIN_CLIENTS ?? 500), DRAIN = 6;
const settings = (port) => ["serve", "--addr", `127.0.0.1:${port}`, "--gallery=false", "--bench", "--admin-addr", "none", "--drain-wait", "1s", "--drain-time", `${DRAIN}s`];
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
  /** A call whose end is noted, whatever it is. */
  async call(ms) {
    this.started++;
    await this.c.invoke("Wait", ms).then(() => this.answered++, () => this.failed++);
  }
}

/** How many of `times` fall into the fullest stretch of `ms`. */
function fullest(times, ms) {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.max(...sorted.map((t, i) => sorted.findLastIndex((u) => u < t + ms) - i + 1));
}

test(`${CLIENTS} clients survive a restart`, { timeout: 90_000 }, async (t) => {
  const port = await freePort(), url = `http://127.0.0.1:${port}/bench`;
  let server = run(binary, settings(port));
  t.after(() => server.stop());
  await answers(port, server);

  const clients = Array.from({ length: CLIENTS }, (_, i) => new Client(url, i));
  t.after(() => Promise.allSettled(clients.map((c) => c.c.stop())));
  for (let i = 0; i < CLIENTS; i += 50) await Promise.all(clients.slice(i, i + 50).map((c) => c.c.start()));

  // One in five works on something short, one in fifty on something that outlasts the drain.
  const short = clients.filter((_, i) => i % 5 === 1), long = clients.filter((_, i) => i % 50 === 2);
  const calls = [...short.map((c) => c.call(3000)), ...long.map((c) => c.call(30_000))];
  await sleep(300);

  const from = performance.now();
  const down = server.stop(); // SIGTERM
  await sleep(500);
  assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 503, "not ready");
  const late = new HubConnectionBuilder().withUrl(url).configureLogging(LogLevel.None).build();
  await late.start(); // within --drain-wait clients are still taken
  await late.stop();
  await sleep(1000);
  const refused = await fetch(`${url}/negotiate?negotiateVersion=1`, { method: "POST" });
  assert.equal(refused.status, 503, "then they are refused");
  assert.ok(refused.headers.get("retry-after"), "for a while");
  await down;
  const took = performance.now() - from;
  const log = server.log();
  server = run(binary, settings(port));
  await answers(port, server);

  await Promise.all(calls); // each has an end
  for (const c of short) assert.deepEqual([c.answered, c.failed], [1, 0], "what could be finished was answered");
  for (const c of long) assert.deepEqual([c.answered, c.failed], [0, 1], "what was cut failed");

  const until = performance.now() + 45_000;
  while (clients.some((c) => !c.back.length && !c.ended) && performance.now() < until) await sleep(100);
  assert.deepEqual(clients.filter((c) => !c.back.length).length, 0, "all come back");
  await Promise.all(clients.map((c) => c.call(0)));
  assert.ok(clients.every((c) => c.answered + c.failed === c.started && c.answered > 0), "and work");

  assert.match(log, new RegExp(`msg="hub: drained" hub=bench idle=\\d+ streaming=0 finished=\\d+ cut=${long.length} left=\\d+`));
  const lost = clients.map((c) => c.lost[0]), back = clients.map((c) => c.back[0]);
  const spread = (times, ms) => `${fullest(times, ms)} of ${times.length} within ${ms} ms`;
  t.diagnostic(`the server went down in ${Math.round(took)} ms; lost: ${spread(lost, 500)}; back: ${spread(back, 500)}, the last ${Math.round((Math.max(...back) - Math.min(...lost)) / 1000)} s after the first was lost`);
  t.diagnostic(/msg="hub: drained".*/.exec(log)[0]);
  assert.ok(fullest(lost, 500) < CLIENTS * 0.35, `the ends are spread: ${spread(lost, 500)}`);
  assert.ok(fullest(back, 500) < CLIENTS * 0.4, `the returns are spread: ${spread(back, 500)}`);
  assert.ok(took < (1 + DRAIN + 3) * 1000, "the time is kept");
});
