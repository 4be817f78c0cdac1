import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { launch, serve, shoot, state } from "./browser.mjs";

let server, browser;
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("the panel leads to the demos, within its budget", async () => {
  const sizes = [];
  const page = await browser.page("about:blank");
  page.on("response", (r) => {
    if (r.url().startsWith(server.url)) sizes.push(r.body().then((b) => (r.url().endsWith(".woff2") ? b.length : gzipSync(b).length)));
  });
  await page.goto(server.url);
  await state(page, "connected");
  await page.waitForLoadState("networkidle");
  const size = (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
  page.removeAllListeners("response");
  assert.ok(size < 120 * 1024, `the first page is ${size} bytes compressed`);
  await shoot(page, "panel");
  await page.click('a:has-text("Chat")');
  await page.waitForURL("**/chat/");
  await state(page, "connected");
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the raw line shows frames going both ways", async () => {
  const page = await browser.page(`${server.url}/raw/`);
  await state(page, "connected");
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
  await state(page, "closed");
  await page.click("#connect");
  await state(page, "connected");
  assert.deepEqual(page.errors, []);
  await page.close();
});

test("the drawer holds the real lines", async () => {
  for (const [path, go, ts] of [["/chat/", 'hub.Handle("SendMessage"', "withAutomaticReconnect"], ["/raw/", "websocket.Serve(w, r", "new WebSocket("]]) {
    const page = await browser.page(server.url + path);
    await page.click(".drawer summary");
    const text = await page.textContent(".drawer");
    assert.ok(text.includes(go) && text.includes(ts), path);
    await page.close();
  }
});

test("the trap of code 1005: a browser that closes without code sees 1000, clean (trap 12)", async () => {
  const page = await browser.page(server.url);
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
