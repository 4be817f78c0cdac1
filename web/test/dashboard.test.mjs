import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Subject } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { again, flood, lamp, shoot, sound, stage } from "./harness.mjs";

const s = stage();
const protocol = new MessagePackHubProtocol();
const number = (page, id) => page.textContent(`#${id}`).then((t) => Number(t.replace(/,/g, "")));
const devices = (page, n) => page.waitForFunction((n) => document.querySelectorAll("#devices li").length === n, n);
const wish = (page, n) => page.fill("#wanted", String(n)); // fill sends input and change

test("over long polling, too; a restarted server is found again", async () => {
  const poller = await s.client("/dashboardHub", { transport: 4, protocol });
  const view = await new Promise((next, error) => poller.stream("Watch").subscribe({ next, error, complete() {} }));
  assert.ok(view.past.length > 0 && view.limits.length + 1 === view.delays.length);
  await poller.stop();
  const page = await s.openUp("/dashboard/");
  await devices(page, 12);
  await s.stop();
  await lamp(page, "waiting");
  page.errors = []; // the browser logs what it could not reach
  await shoot(page, "dashboard-cut", { check: false });
  await s.start();
  await again(page);
  await devices(page, 12);
  await page.waitForSelector('#log p:has-text("device: on the line name=boiler-01")');
  await page.close();
});

test("figures, devices and the log are alive, and two pages see the same", async () => {
  const a = await s.openUp("/dashboard/");
  await devices(a, 12);
  await a.waitForSelector('#log p:has-text("device: on the line name=boiler-01")');
  await a.waitForFunction(() => Number(document.getElementById("readings").textContent) > 4);
  await a.waitForFunction(() => /^[\d.]+$/.test(document.getElementById("lines").textContent));
  for (const id of ["lines", "goroutines", "heap"]) assert.ok((await number(a, id)) > 0, id);
  await a.waitForFunction(() => /Half within/.test(document.getElementById("delays-text").textContent));
  const b = await s.openUp("/dashboard/");
  await devices(b, 12);
  await wish(a, 20);
  await devices(b, 20);
  await a.waitForFunction(() => Number(document.getElementById("lines").textContent) >= 4);
  await shoot(a, "dashboard-busy");
  await a.click("#follow");
  const had = await a.locator("#log p").count();
  await wish(b, 0);
  await devices(a, 0);
  await a.waitForSelector("#no-devices");
  assert.equal(await a.locator("#log p").count(), had, "a paused log goes on");
  await a.click("#follow");
  await a.waitForSelector('#log p:has-text("device: off the line")');
  await sound(b);
  await b.close();
  await shoot(a, "dashboard-empty", { check: false });
  await a.close();
});

test("a device of one's own: a browser, and anything that speaks WebSocket", async () => {
  const page = await s.openUp("/dashboard/");
  await page.click("#own-connect");
  await page.waitForSelector('#devices li:has-text("21 °C")');
  await page.fill("#own-value", "77");
  await page.waitForSelector('#devices li:has-text("77 °C")');
  const other = await s.open("/healthz");
  await other.evaluate(async () => {
    globalThis.kettle = new WebSocket(location.origin.replace("http", "ws") + "/devices");
    await new Promise((open) => (kettle.onopen = open));
    kettle.send('{"name":"<b>kettle</b>","unit":"°C"}');
    kettle.send('{"value":96.5}');
  });
  await page.waitForSelector('#devices li:has-text("<b>kettle</b>"):has-text("96.5 °C")');
  await other.close();
  await page.waitForSelector('#devices li:has-text("kettle")', { state: "detached" });
  await page.click("#own-connect");
  await page.waitForSelector('#devices li:has-text("77 °C")', { state: "detached" });
  await page.close();
});

test("a file goes up with its progress, and comes out the same; it can be stopped", async () => {
  const page = await s.openUp("/dashboard/");
  const file = Buffer.alloc(3_000_000, "switchboard ");
  await page.setInputFiles("#file", { name: "a report.txt", mimeType: "text/plain", buffer: file });
  await page.evaluate(() => {
    globalThis.steps = [];
    const bar = document.getElementById("progress"); // a quick machine passes it in a few ms
    new MutationObserver(() => globalThis.steps.push(bar.value)).observe(bar, { attributes: true });
  });
  await page.click("#send");
  await page.waitForSelector(`#said:has-text("${createHash("sha256").update(file).digest("hex").slice(0, 16)}"):has-text("the same as here")`);
  assert.ok(await page.evaluate(() => globalThis.steps.some((v) => v > 0 && v < 1)), "progress was seen");
  await page.waitForSelector('#log p:has-text("upload: here, and forgotten name=a report.txt bytes=3000000")');
  await shoot(page, "dashboard-sent", { check: false });
  await page.evaluate(() => {
    const bar = document.getElementById("progress");
    const watch = new MutationObserver(() => {
      if (bar.value <= 0 || bar.value >= 1) return;
      watch.disconnect();
      document.getElementById("stop").click(); // in the middle, however fast it goes
    });
    document.getElementById("sample").click();
    watch.observe(bar, { attributes: true });
  });
  await page.waitForSelector('#problem:has-text("broken off")');
  await page.click("#send"); // and the next one is taken
  await page.waitForSelector('#said:has-text("3.00 MB in")');
  await page.close();
});

test("abuse is answered politely and hurts nobody else", async () => {
  const page = await s.openUp("/dashboard/"), rude = await s.client("/dashboardHub", { protocol });
  for (const n of [-1, 101]) await assert.rejects(rude.invoke("Simulate", n), /There can be 0 to 100/);
  await assert.rejects(rude.invoke("Simulate", NaN));
  await flood(500, () => rude.invoke("Simulate", 12), { told: /just now/, burst: 1, each: 300 });
  const files = [new Subject(), new Subject()];
  const sent = files.map((file, i) => rude.invoke("Upload", `file ${i}`, file));
  await assert.rejects(Promise.race(sent), /One file at a time/);
  for (const file of files) file.complete();
  const ends = await Promise.allSettled(sent);
  assert.deepEqual(ends.map((e) => e.status).sort(), ["fulfilled", "rejected"]);
  await rude.stop();

  const other = await s.open("/healthz");
  const { code, told, took } = await other.evaluate(async () => {
    const told = [];
    const device = new WebSocket(location.origin.replace("http", "ws") + "/devices");
    device.onmessage = ({ data }) => told.push(JSON.parse(data).error);
    await new Promise((open) => (device.onopen = open));
    const from = performance.now();
    device.send("NaN");
    device.send('{"name":"rude"}');
    for (let i = 0; i < 2000; i++) device.send('{"value":1}');
    const closed = new Promise((done) => (device.onclose = done));
    device.send("x".repeat(1_000_000));
    return { code: (await closed).code, told, took: performance.now() - from };
  });
  assert.equal(code, 1009, "a message of 1 MB ends its own line");
  assert.match(told[0], /a message is JSON/);
  const passed = 2000 - told.filter((t) => /more than 10 readings a second/.test(t)).length;
  assert.ok(passed <= 20 + took / 100 + 1, `${passed} readings passed in ${took} ms`);
  await other.close();
  await devices(page, 12);
  await sound(page);
  await page.close();
});
