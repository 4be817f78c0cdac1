import assert from "node:assert/strict";
import { readdirSync, existsSync } from "node:fs";
import { test } from "node:test";
import { lamp, shoot, sound, stage, weigh } from "./harness.mjs";

const s = stage();
const demos = readdirSync(new URL("..", import.meta.url)).filter((d) => existsSync(new URL(`../${d}/demo.json`, import.meta.url)));

test("the panel leads to every demo, and its lamps glow with real traffic", async () => {
  const page = await s.openUp("/");
  await page.waitForSelector("#lines:not(:text-is('–'))");
  assert.deepEqual((await page.locator(".jack").evaluateAll((all) => all.map((a) => new URL(a.href).pathname))).sort(), demos.map((d) => `/${d}/`).sort());
  await page.waitForSelector('.jack[href="/chat/"][data-glow="idle"]');
  await shoot(page, "panel-empty");
  const one = await s.client("/chatHub"), two = await s.client("/chatHub");
  await page.waitForSelector('.jack[href="/chat/"][data-glow="here"]:has-text("2 lines")');
  let n = 0;
  const talk = setInterval(() => void (n++ % 2 ? one : two).invoke("SendMessage", "Ada", "Hello").catch(() => {}), 400);
  await page.waitForSelector('.jack[href="/chat/"][data-glow="busy"]');
  await page.waitForFunction(() => Number(document.getElementById("rate").textContent) > 0);
  await shoot(page, "panel-busy");
  clearInterval(talk);
  await one.stop();
  await two.stop();
  await page.waitForSelector('.jack[href="/chat/"][data-glow="idle"]');
  await page.click('a:has-text("Live chat")');
  await page.waitForURL("**/chat/");
  await lamp(page, "connected");
  await sound(page);
  await page.close();
});

test("each page keeps to its budget", async (t) => {
  const page = await s.open("/");
  const first = await weigh(page, s.url + "/");
  t.diagnostic(`the first page: ${Math.round(first / 1024)} KiB`);
  assert.ok(first < 120 * 1024, `the first page is ${first} bytes compressed`);
  for (const d of demos) {
    const size = await weigh(page, `${s.url}/${d}/`);
    t.diagnostic(`${d}: ${Math.round(size / 1024)} KiB`);
    assert.ok(size < (120 + 200) * 1024, `${d} is ${size} bytes compressed`);
  }
  await page.close();
});

test("a slow phone can use the first page soon", async (t) => {
  const page = await s.open("/healthz", { width: 390, height: 844 });
  const phone = await s.context.newCDPSession(page);
  await phone.send("Network.enable");
  await phone.send("Network.emulateNetworkConditions", { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 90_000 });
  await phone.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  const from = performance.now();
  await page.goto(s.url + "/", { waitUntil: "commit" });
  await page.waitForSelector(".jack");
  t.diagnostic(`with 1.6 Mbit/s, 150 ms and a fourth of the speed: plates after ${Math.round(performance.now() - from)} ms`);
  await lamp(page, "connected");
  t.diagnostic(`connected after ${Math.round(performance.now() - from)} ms`);
  await page.close();
});

test("the panel without its server says so", async () => {
  const page = await s.openUp("/");
  await s.stop();
  await lamp(page, "waiting");
  await shoot(page, "panel-cut", { check: false });
  await s.start();
  await lamp(page, "connected", 1, 60_000);
  await page.close();
});

test("the raw line shows frames going both ways", async () => {
  const page = await s.openUp("/raw/");
  await page.fill("#payload", "hello");
  await page.press("#payload", "Enter");
  await page.waitForSelector('tr.in td.data:text-is("Echo: hello")');
  await page.selectOption("#kind", "binary");
  await page.fill("#payload", "ca fe 00 ff");
  await page.press("#payload", "Enter");
  await page.waitForSelector('tr.in td.data:text-is("ca fe 00 ff")');
  await page.fill("#payload", "xyz");
  await page.press("#payload", "Enter");
  await page.waitForSelector('#problem:has-text("hexadecimal")');
  await page.fill("#payload", "");
  await shoot(page, "raw-busy");
  await page.fill("#code", "3001");
  await page.fill("#reason", "bye");
  await page.click("#connect");
  await page.waitForSelector('tr.note:has-text("code 3001")');
  await lamp(page, "closed");
  await page.click("#connect");
  await lamp(page, "connected");
  await sound(page);
  await page.close();
});

test("every drawer holds real lines of both sides", async () => {
  for (const d of demos) {
    const page = await s.open(`/${d}/`);
    await page.click(".drawer summary");
    for (const language of ["Go", "TypeScript"]) {
      const lines = (await page.locator(`.drawer figure:has-text("${language} ·") code`).allTextContents()).join("\n").split("\n").length;
      assert.ok(lines >= 5 && lines <= 40, `${d}: ${lines} lines of ${language}`);
    }
    await page.close();
  }
});

test("the trap of code 1005: a browser that closes without code sees 1000, clean (trap 12)", async () => {
  const page = await s.open("/");
  const end = await page.evaluate(
    () =>
      new Promise((done) => {
        const s = new WebSocket(location.origin.replace("http", "ws") + "/chatHub");
        s.onopen = () => s.close();
        s.onclose = ({ code, wasClean }) => done({ code, wasClean });
      }),
  );
  assert.deepEqual(end, { code: 1000, wasClean: true });
  await page.close();
});
