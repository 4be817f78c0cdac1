import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { lampSays, launch, serve, shoot, state } from "./browser.mjs";

let server, browser;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = async (name, o) => {
  const page = await browser.page(`${server.url}/chat/`, o);
  await state(page, "connected");
  await page.fill("#name", name);
  await page.press("#name", "Enter");
  return page;
};
const heard = (page, text) => page.waitForSelector(`#log .said:text-is("${text}")`);
const say = async (page, text) => {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
};

for (const [transport, off, says] of [
  ["WebSockets", [], "Connected over WebSockets"],
  ["Server-Sent Events", ["#websockets"], "Connected over Server-Sent Events"],
  ["long polling", ["#websockets", "#events"], "Connected over long polling"],
])
  test(`two pages talk over ${transport}`, async () => {
    const a = await open("Ada"), b = await open("Bea");
    for (const box of off) for (const page of [a, b]) await page.uncheck(box);
    for (const page of [a, b]) await lampSays(page, says);
    await a.waitForSelector('#people li:has-text("Bea")');
    await say(a, `hello over ${transport}`);
    await heard(b, `hello over ${transport}`);
    await say(b, "and back <b>not bold</b>");
    await heard(a, "and back <b>not bold</b>");
    assert.equal(await a.locator("#log b").count(), 0, "text must not become markup");
    assert.equal(await a.inputValue("#text"), "", "a sent text leaves the field");
    if (transport === "WebSockets") {
      await a.waitForSelector('#log .news:has-text("Bea has joined.")');
      await shoot(a, "chat-busy");
    }
    await b.close();
    await a.waitForSelector('#log .news:has-text("Bea has left.")');
    assert.deepEqual(a.errors, []);
    await a.close();
  });

test("the empty room, and the keyboard alone", async () => {
  const page = await open("Solo");
  await page.waitForSelector("#empty");
  await shoot(page, "chat-empty");
  await page.focus("#text");
  await page.keyboard.type("typed");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("two lines");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#log .said");
  assert.equal(await page.textContent("#log .said"), "typed\ntwo lines");
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("nothing overflows at 320 pixels", async () => {
  const page = await open("Narrow", { width: 320, height: 640 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 320, `the page is ${wide} pixels wide`);
  await page.close();
});

test("a restarted server: the line is cut, counted down, and back; typed text is kept", async () => {
  const page = await open("Patient");
  const { port } = server;
  assert.equal(await server.stop(), 0, "the server ends cleanly");
  await state(page, "waiting");
  await page.waitForSelector('#lamp button:text-is("Try now")');
  await page.fill("#text", "kept while offline");
  await page.press("#text", "Enter");
  await page.waitForSelector('#problem:has-text("Not connected yet")');
  await page.waitForFunction(() => /in \d+ s/.test(document.querySelector("#lamp .figures").textContent));
  await shoot(page, "chat-cut");
  server = await serve(port);
  await page.click('#lamp button:text-is("Try now")');
  await state(page, "connected");
  assert.equal(await page.inputValue("#text"), "kept while offline");
  await page.press("#text", "Enter");
  await heard(page, "kept while offline");
  await page.close();
});

test("a server that comes back is found without a click", async () => {
  const page = await open("Waiting");
  const { port } = server;
  await server.stop();
  await state(page, "waiting");
  await shoot(page, "chat-reconnecting");
  server = await serve(port);
  await page.waitForSelector('#lamp[data-state="connected"]', { timeout: 40000 });
  await page.close();
});
