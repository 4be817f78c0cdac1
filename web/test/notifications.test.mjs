import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { promisify } from "node:util";
import { HttpTransportType } from "@microsoft/signalr";
import { again, cut, flood, lamp, mend, overdo, second, shoot, sound, stage } from "./harness.mjs";

const s = stage();

const become = async (page, name, pane = "") => {
  await page.fill(`#name${pane}`, name);
  await page.press(`#name${pane}`, "Enter");
  await page.waitForSelector(`#curl${pane}:has-text("user:${name}")`);
  await page.waitForSelector(`#devices${pane}:has-text("device")`);
};
const open = async (name) => {
  const page = await s.openUp("/notifications/");
  await become(page, name);
  return page;
};
const send = async (page, to, text, pane = "") => {
  await page.selectOption(`#to${pane}`, to);
  await page.fill(`#text${pane}`, text);
  await page.press(`#text${pane}`, "Enter");
  await page.waitForFunction((id) => document.getElementById(id).value === "", `text${pane}`); // answered: until then the page sends nothing else
};
const has = (page, text, pane = "") => page.waitForSelector(`#notes${pane} .words:text-is("${text}")`);
const unread = (page, n, pane = "") => page.waitForSelector(`#bell${pane}[data-unread="${n}"]`);

test("a notice reaches all of one person's devices; read on one, it is read on all; a cut device catches up", async () => {
  const page = await s.openUp("/notifications/");
  await shoot(page, "notifications-empty", { check: false });
  await sound(page);
  await become(page, "Ada");
  await second(page);
  await become(page, "Ada", "-2");
  await page.waitForSelector('#devices:text-is("You have 2 devices here.")');
  await send(page, "user:Ada", "Tea is <b>ready</b>");
  await page.waitForSelector('#sent:text-is("In 1 box, on 2 devices now.")');
  for (const pane of ["", "-2"]) {
    await has(page, "Tea is <b>ready</b>", pane);
    await unread(page, 1, pane);
  }
  assert.equal(await page.locator("#notes b").count(), 0, "text must not become markup");
  assert.match(await page.title(), /^\(1\) /);
  await page.click('#notes-2 button:text-is("Mark as read")');
  await unread(page, 0);
  await send(page, "everybody", "Second", "-2");
  await send(page, "group:Kitchen", "Third, for the kitchen");
  await unread(page, 2);
  await shoot(page, "notifications-two");
  await cut(page, 2);
  await lamp(page, "waiting", 2);
  await page.click("#all");
  await unread(page, 0);
  await send(page, "user:Ada", "While you were cut", "-2"); // by HTTP: it works without the line
  await unread(page, 1);
  await unread(page, 2, "-2");
  await shoot(page, "notifications-cut", { check: false });
  await mend(page, 2);
  await lamp(page, "connected", 2);
  await has(page, "While you were cut", "-2");
  await unread(page, 1, "-2");
  await sound(page);
  await page.close();
});

for (const [transport, kind] of [["Server-Sent Events", HttpTransportType.ServerSentEvents], ["long polling", HttpTransportType.LongPolling]])
  test(`a device over ${transport} is told the same`, async () => {
    const page = await open("Bea");
    const other = await s.client("/notificationsHub?user=Bea", { transport: kind });
    const read = new Promise((done) => other.on("read", (first, last) => done([first, last])));
    const got = new Promise((done) => other.on("note", done));
    await page.waitForSelector('#devices:text-is("You have 2 devices here.")');
    await send(page, "user:Bea", `over ${transport}`);
    const note = await got;
    assert.equal(note.text, `over ${transport}`);
    await page.click(`li:has-text("over ${transport}") button`);
    assert.deepEqual(await read, [note.n, note.n]);
    await other.stop();
    await page.waitForSelector('#devices:text-is("This is your only device.")');
    await page.close();
  });

test("groups are followed by person, not by device; others are addressed by name, away or not", async () => {
  const a = await open("Cid"), b = await open("Dan");
  await second(b);
  await become(b, "Dan", "-2");
  await b.check("#groups-2 label:has-text('Weather') input");
  await b.waitForSelector("#groups label:has-text('Weather') input:checked");
  await send(a, "group:Weather", "Storm");
  for (const pane of ["", "-2"]) await has(b, "Storm", pane);
  await b.uncheck("#groups label:has-text('Weather') input");
  await b.waitForSelector("#groups-2 label:has-text('Weather') input:not(:checked)");
  await send(a, "group:Weather", "Sun");
  await a.waitForSelector('#sent:text-is("In 0 boxes, on 0 devices now.")');
  await b.close();
  await a.waitForSelector('#to option:text-is("Dan (away)")', { state: "attached" });
  await send(a, "user:Dan", "For later");
  await a.waitForSelector('#sent:text-is("In 1 box, on 0 devices now.")');
  const late = await open("Dan");
  await has(late, "For later");
  assert.equal(await late.locator('.words:text-is("Sun")').count(), 0);
  await late.close();
  await a.close();
});

test("the shown curl line works as it is, whatever the text; foreign pages are refused", async () => {
  const page = await open("Eve");
  await page.fill("#text", `it's $(touch x) "here" & \\ é`);
  const line = await page.textContent("#curl");
  const { stdout } = await promisify(execFile)("bash", ["-c", line.replace("curl ", "curl -sS ")]);
  assert.equal(JSON.parse(stdout).devices, 1);
  await page.waitForSelector(".words");
  assert.equal(await page.textContent(".words"), `it's $(touch x) "here" & \\ é`);

  const body = new URLSearchParams({ to: "everybody", text: "forged" });
  for (const headers of [{ Origin: "https://evil.example" }, { Origin: "null" }, { "Sec-Fetch-Site": "cross-site" }]) {
    const answer = await fetch(s.url + "/notifications/send", { method: "POST", body, headers });
    assert.equal(answer.status, 403, JSON.stringify(headers));
  }
  const evil = createServer((_, w) => w.setHeader("Content-Type", "text/html").end("<title>evil</title>")).listen(0, "localhost");
  await once(evil, "listening");
  const foreign = await s.open("/healthz");
  await foreign.goto(`http://localhost:${evil.address().port}/`); // the nearest of all foreign origins: another port
  const answered = foreign.waitForResponse((r) => r.url().endsWith("/notifications/send"));
  await foreign.evaluate((url) => fetch(url + "/notifications/send", { method: "POST", mode: "no-cors", body: new URLSearchParams({ to: "everybody", text: "forged" }) }), s.url);
  assert.equal((await answered).status(), 403);
  evil.close();
  evil.closeAllConnections();
  await foreign.close();
  await send(page, "user:Eve", "the last");
  await has(page, "the last");
  assert.equal(await page.locator('.words:text-is("forged")').count(), 0, "nobody forged a notice");
  await sound(page);
  await page.close();
});

test("abuse is answered politely and hurts nobody else", async () => {
  const page = await open("Fay"), rude = await open("<img src=x>");
  await rude.selectOption("#to", "everybody");
  await overdo(rude, "sent", "That was fast. Wait");
  await has(page, "flood 0");
  assert.equal(await page.locator("#notes img").count(), 0, "a script in a name is a text");
  rude.errors = []; // the browser logs what was refused
  await shoot(rude, "notifications-refused", { check: false });
  const long = await fetch(s.url + "/notifications/send", { method: "POST", body: new URLSearchParams({ to: "everybody", text: "x".repeat(1_000_000) }) });
  assert.deepEqual([long.status, await long.text()], [413, "That is far too long for a notice.\n"]);
  await assert.rejects(s.client("/notificationsHub"), /401/);
  await assert.rejects(s.client(`/notificationsHub?user=${"x".repeat(40)}`), /401/);
  const raw = await s.client("/notificationsHub?user=Raw");
  await assert.rejects(raw.invoke("Read", NaN, 1));
  await assert.rejects(raw.invoke("Follow", "Attic", true), /There are the groups/);
  await flood(2000, () => raw.invoke("Read", 0, 9e15), { told: /That was fast/, burst: 40, each: 50 });
  await raw.stop();
  await send(page, "user:Fay", "still here");
  await has(page, "still here");
  await sound(page);
  await page.close();
  await rude.close();
});

test("a restarted server: the page comes back to what is true", async () => {
  const page = await open("Gus");
  await send(page, "user:Gus", "before");
  await has(page, "before");
  await s.stop();
  await lamp(page, "waiting");
  await page.fill("#text", "kept");
  await page.press("#text", "Enter");
  await page.waitForSelector('#sent:has-text("does not answer")');
  await s.start();
  await again(page);
  await page.waitForSelector("#empty:visible"); // boxes live in the server's memory
  await page.press("#text", "Enter");
  await has(page, "kept");
  await page.close();
});
