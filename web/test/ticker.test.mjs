import assert from "node:assert/strict";
import { test } from "node:test";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { again, cut, flood, lamp, lampSays, mend, second, shoot, sound, stage } from "./harness.mjs";

const s = stage();
const protocol = new MessagePackHubProtocol();
const number = (page, id) => page.textContent(`#${id}`).then(Number);
const until = (page, f, arg) => page.waitForFunction(f, arg, { polling: 100, timeout: 90_000 });
const more = (page, id, n) => until(page, ([id, n]) => Number(document.getElementById(id).textContent) > n, [id, n]);
const slider = (page, pane, step) => page.fill(pane === 1 ? "#width" : `#width-${pane}`, String(step));
const prices = (page, pane = "") => page.locator(`#rows${pane} td:nth-child(2)`).allTextContents();

/** Waits until all but a few symbols show the same price in both panes. It looks at every change: prices go on between two looks. */
const alike = (page, most = 10) =>
  page.evaluate(
    (most) =>
      new Promise((done, fail) => {
        const tables = ["rows", "rows-2"].map((id) => document.getElementById(id));
        let least = 200;
        const look = () => {
          const [a, b] = tables.map((table) => [...table.querySelectorAll("td:nth-child(2)")].map((e) => e.textContent));
          if (a.length !== 200) return;
          least = Math.min(least, a.filter((price, i) => price !== b[i]).length);
          if (least <= most) end(done);
        };
        const watch = new MutationObserver(look);
        const late = setTimeout(() => end(() => fail(new Error(`never less than ${least} prices differ`))), 90_000);
        const end = (how) => {
          watch.disconnect();
          clearTimeout(late);
          how();
        };
        for (const table of tables) watch.observe(table, { childList: true, characterData: true, subtree: true });
        look();
      }),
    most,
  );

test("a restarted server opens another market, and the page shows that", async () => {
  const page = await s.openUp("/ticker/?symbol=caco");
  await page.waitForSelector('#name:text-is("CACO")');
  await s.stop();
  await lamp(page, "waiting");
  const old = await prices(page);
  await s.start();
  await again(page);
  await until(page, (old) => [...document.querySelectorAll("#rows td:nth-child(2)")].filter((e, i) => e.textContent !== old[i]).length > 150, old);
  await page.waitForSelector("#trades li");
  await page.close();
});

test("200 prices move; a symbol has trades, candles and a book; the keyboard chooses", async () => {
  const page = await s.openUp("/ticker/");
  const before = await prices(page);
  assert.equal(before.length, 200);
  await page.waitForSelector("#trades li:nth-child(12)");
  await until(page, () => document.querySelectorAll(".u-over").length === 2);
  await more(page, "prices", 100);
  const after = await prices(page);
  assert.ok(after.filter((price, i) => price !== before[i]).length > 50, "prices stand still");
  await page.fill("#find", "tuco");
  await page.press("#find", "Enter");
  await page.waitForSelector('#name:text-is("TUCO")');
  assert.equal(await page.locator("#rows tr:visible").count(), 1);
  await page.fill("#find", "xyz<b>");
  await page.waitForSelector("#none");
  await page.press("#find", "Escape");
  await page.focus('.pick[aria-pressed="true"]');
  await page.keyboard.press("ArrowDown");
  await page.waitForSelector('#name:text-is("TUDA")');
  await page.waitForSelector("#trades li");
  await shoot(page, "ticker-busy");
  await page.close();
});

test("a slow reader gets fewer prices, and each is current; without Latest it falls behind", async () => {
  const page = await s.openUp("/ticker/");
  await second(page);
  await alike(page);
  await slider(page, 2, 4); // 8 kB/s
  await lampSays(page, "Connected over long polling", 2);
  await more(page, "skipped-2", 20);
  await until(page, () => Number(document.getElementById("bytes-2").textContent) < 9 && Number(document.getElementById("skipped").textContent) <= 2); // figures look back 5 s
  const [slow, quick] = await page.evaluate(() => ["-2", ""].map((pane) => Object.fromEntries(["prices", "skipped", "behind"].map((id) => [id, Number(document.getElementById(id + pane).textContent)]))));
  const figures = JSON.stringify({ slow, quick });
  assert.ok(slow.prices < quick.prices * 0.7, `it gets as many: ${figures}`);
  assert.ok(quick.skipped < slow.skipped / 4, `the quick one skips: ${figures}`); // on a busy machine nobody reads as fast as prices change
  assert.ok(slow.behind < 8 + 4 * quick.behind, `it is far behind: ${figures}`);
  await alike(page, 100); // whenever an answer comes, all of it is as it is now
  await shoot(page, "ticker-two", { check: false });
  await page.check("#every-2");
  await more(page, "behind-2", Math.ceil(slow.behind) + 1);
  await until(page, () => document.getElementById("skipped-2").textContent === "0");
  await shoot(page, "ticker-behind", { check: false });
  await slider(page, 2, 0);
  await page.uncheck("#every-2");
  await lampSays(page, "Connected over WebSockets", 2);
  await alike(page);
  await page.close();
});

test("a cut line heals into a true table", async () => {
  const page = await s.openUp("/ticker/");
  await second(page);
  await cut(page, 2);
  await lamp(page, "waiting", 2);
  await page.waitForSelector('#proof-2:has-text("What you see is old")');
  await shoot(page, "ticker-cut", { check: false });
  await mend(page, 2);
  await lamp(page, "connected", 2);
  await alike(page);
  await page.waitForSelector("#trades-2 li");
  await sound(page);
  await page.close();
});

test("abuse is answered politely and hurts nobody else", async () => {
  const page = await s.openUp("/ticker/"), rude = await s.client("/tickerHub", { protocol });
  const first = (name, ms = 250) => new Promise((next, error) => rude.stream("Trades", name, ms).subscribe({ next, error, complete() {} }));
  await assert.rejects(first("<script>alert(1)</script>"), /There is no such symbol/);
  await assert.rejects(first("ARBX", NaN));
  for (const ms of [-1e9, 0, 1e9]) assert.equal((await first("ARBX", ms)).candles.length, 120);
  await assert.rejects(first("ARBX"), /You follow 3 symbols already/);
  await flood(500, () => rude.invoke("Subscribe", true), { told: /That was fast/, burst: 20, each: 250 });
  await rude.stop();
  const crowd = await Promise.all(Array.from({ length: 5 }, () => s.client("/tickerHub", { transport: 4, protocol })));
  assert.equal((await crowd[0].invoke("Subscribe", false)).quotes.length, 200);
  await more(page, "prices", 100);
  await sound(page);
  for (const c of crowd) await c.stop();
  await page.close();
});
