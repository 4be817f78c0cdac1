// The kit's own promises, shown with the chat's page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cut, forgiveLost, lamp, lampSays, mend, second, shoot, sound, stage } from "./harness.mjs";

const s = stage();

for (const [transport, off] of [["WebSockets", []], ["Server-Sent Events", ["#websockets"]], ["long polling", ["#websockets", "#events"]]])
  test(`the saboteur really cuts a line over ${transport}, and mends it`, async () => {
    const page = await s.openUp("/chat/?room=Saboteur");
    for (const box of off) await page.uncheck(box);
    await lampSays(page, `Connected over ${transport}`);
    await cut(page);
    await lampSays(page, "Line cut. Trying again");
    // The third wait is the first of three seconds or more: two attempts were made and failed.
    await page.waitForFunction(() => /in [3-9] s/.test(document.querySelector("#lamp .figures").textContent));
    await mend(page);
    await lampSays(page, `Connected over ${transport}`);
    forgiveLost(page);
    await sound(page);
    await page.close();
  });

test("the second client comes under the server's other name", async () => {
  const page = await s.openUp("/");
  const asked = [];
  page.on("request", (r) => r.url().includes("negotiate") && asked.push(new URL(r.url()).hostname));
  for (const name of ["localhost", "127.0.0.1"]) {
    asked.length = 0;
    await page.goto(s.url.replace("localhost", name) + "/chat/");
    await lamp(page, "connected");
    await second(page);
    assert.deepEqual([...new Set(asked)].sort(), ["127.0.0.1", "localhost"]);
  }
  await sound(page);
  await page.close();
});

test("where the server has one name, the second client shares it and the page says so", async () => {
  const page = await s.openUp("/");
  await page.route("**/gallery/here", (r) => r.fulfill({ json: { twoNames: false, addresses: [] } }));
  const asked = new Set();
  page.on("request", (r) => r.url().includes("negotiate") && asked.add(new URL(r.url()).hostname));
  await page.goto(s.url + "/chat/");
  await second(page);
  await page.waitForSelector('.patch:has-text("one name")');
  assert.deepEqual([...asked], ["localhost"]);
  await shoot(page, "kit-one-name");
  await page.close();
});

test("the look is chosen, kept, and there before the first paint", async () => {
  const page = await s.openUp("/");
  const look = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await look(), "dark");
  await page.click('button:text-is("Light")');
  assert.equal(await look(), "light");
  await page.reload();
  assert.equal(await look(), "light");
  await page.evaluate(() => localStorage.removeItem("theme"));
  await page.close();
});

test("a phone is shown the way, or told why there is none", async () => {
  const page = await s.openUp("/chat/");
  await page.click('button:text-is("On a phone")');
  await page.waitForSelector('dialog:has-text("listens on this machine only")');
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.route("**/gallery/here", (r) => r.fulfill({ json: { twoNames: false, addresses: ["http://192.168.1.7:5000"] } }));
  await page.reload();
  await page.click('button:text-is("On a phone")');
  await page.waitForSelector('dialog a:text-is("http://192.168.1.7:5000/chat/")');
  await page.waitForSelector("dialog canvas");
  await shoot(page, "kit-phone");
  await page.close();
});

test("the drawer opens, and copies", async () => {
  const page = await s.openUp("/chat/");
  await s.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.click(".drawer summary");
  const copied = page.waitForSelector('.drawer button:has-text("Copied")'); // it says so for 2 s: look before
  await page.click('.drawer figure:has-text("TypeScript") button');
  await copied;
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^const line = connect/);
  await shoot(page, "kit-drawer");
  await page.close();
});

test("the keyboard begins at the skip link", async () => {
  const page = await s.openUp("/");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "main");
  await page.close();
});
