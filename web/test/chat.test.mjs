import assert from "node:assert/strict";
import { test } from "node:test";
import { again, cut, forgiveLost, lamp, lampSays, mend, overdo, second, shoot, sound, stage } from "./harness.mjs";

const s = stage();

const open = async (name, { room, ...o } = {}) => {
  const page = await s.openUp(`/chat/${room ? `?room=${room}` : ""}`, o);
  await page.fill("#name", name);
  await page.press("#name", "Enter");
  await page.waitForSelector(`#people span.who:text-is("${name}")`);
  return page;
};
const heard = (page, text, pane = "") => page.waitForSelector(`#log${pane} .said:text-is("${text}")`);
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
    await b.waitForSelector('#people li:has-text("Ada")');
    const writing = a.waitForSelector('#typing:text-is("Bea is writing…")'); // it is shown for 3 s: look before it comes
    await b.type("#text", "x");
    await writing;
    await say(a, `hello over ${transport}`);
    await heard(b, `hello over ${transport}`);
    await say(b, "and back <b>not bold</b>");
    await heard(a, "and back <b>not bold</b>");
    assert.equal(await a.locator("#log b").count(), 0, "text must not become markup");
    await a.waitForFunction(() => document.querySelector("#text").value === ""); // a sent text leaves the field, when its answer has come
    if (transport === "WebSockets") await shoot(a, "chat-busy");
    await b.close();
    await a.waitForSelector('#log .news:has-text("Bea has left.")', { timeout: 60_000 }); // over long polling a page that closes may be an orphan first
    forgiveLost(a);
    await sound(a);
    await a.close();
  });

test("who comes late sees the last messages; rooms are apart; nothing is shown twice", async () => {
  const a = await open("Early", { room: "Attic" });
  await say(a, "before you came");
  await heard(a, "before you came");
  const b = await open("Late");
  assert.equal(await b.locator('.said:text-is("before you came")').count(), 0, "another room");
  await b.click('#doors button:has-text("Attic")');
  await heard(b, "before you came");
  await say(a, "now together");
  await heard(b, "now together");
  for (const page of [a, b]) assert.equal(await page.locator('.said:text-is("before you came")').count(), 1);
  await a.close();
  await b.close();
});

test("a word in private reaches one person", async () => {
  const a = await open("Ann", { room: "Cellar" }), b = await open("Bob", { room: "Cellar" }), c = await open("Cid", { room: "Cellar" });
  await a.click('#people button:text-is("Bob")');
  await say(a, "for Bob");
  await heard(b, "for Bob");
  await heard(a, "for Bob");
  await b.waitForSelector('.private:has-text("to you alone")');
  await shoot(b, "chat-private");
  await a.press("#text", "Escape");
  await say(a, "for all");
  await heard(c, "for all");
  assert.equal(await c.locator('.said:text-is("for Bob")').count(), 0);
  for (const page of [a, b, c]) await page.close();
});

test("two clients in one page; a cut line hangs, heals by itself or by hand, and misses nothing of the last fifty", async () => {
  const page = await open("Left", { room: "Patch" });
  await second(page);
  await say(page, "over the cord");
  await heard(page, "over the cord", "-2");
  await shoot(page, "chat-two");
  await cut(page, 2);
  await lamp(page, "waiting", 2);
  await say(page, "you cannot hear this");
  await page.waitForFunction(() => /in \d+ s/.test(document.querySelector("#lamp-2 .figures").textContent));
  await shoot(page, "chat-two-cut");
  assert.equal(await page.locator('#log-2 .said:text-is("you cannot hear this")').count(), 0, "the line was really cut");
  await mend(page, 2);
  await lamp(page, "connected", 2);
  await heard(page, "you cannot hear this", "-2");
  await page.click('button:text-is("Close the second")');
  assert.equal(await page.locator("#log-2").count(), 0);
  await page.close();
});

test("the empty room, and the keyboard alone", async () => {
  const page = await open("Solo", { room: "Solitude" });
  await page.waitForSelector("#empty");
  await shoot(page, "chat-empty");
  await page.focus("#text");
  await page.keyboard.type("typed");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("two lines");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#log .said");
  assert.equal(await page.textContent("#log .said"), "typed\ntwo lines");
  await page.close();
});

test("abuse is answered politely and hurts nobody else", async () => {
  const page = await open("Calm"), rude = await open("<img src=x onerror=alert(1)>");
  await page.waitForSelector('#people li:has-text("<img src=x")');
  assert.equal(await page.locator("#people img").count(), 0, "a script in a name is a text");
  await rude.fill("#text", "x".repeat(1_000_000));
  await rude.press("#text", "Enter");
  await rude.waitForSelector('#problem:has-text("at most 2000 characters; yours has 1000000")');
  await overdo(rude, "problem", "That was fast. Wait");
  await shoot(rude, "chat-refused");

  const raw = await s.client("/chatHub");
  await assert.rejects(raw.invoke("Enter", "a\u202eb", "Lobby"), /no control or invisible characters/);
  await assert.rejects(raw.invoke("Say", "nowhere"), /Enter a room first/);
  await assert.rejects(raw.invoke("SendMessage", "Raw", "x".repeat(5000)), /at most 2000 characters/);
  const closed = new Promise((done) => raw.onclose(done));
  await assert.rejects(raw.invoke("SendMessage", "Raw", "x".repeat(1_000_000)));
  await closed; // a message of 1 MB ends its own connection

  await say(page, "still here");
  await heard(rude, "still here");
  await sound(page);
  await page.close();
  await rude.close();
});

test("the newcomer's ten lines talk to the lobby", async () => {
  const page = await open("Host"), guest = await s.client("/chatHub");
  const got = [];
  guest.on("ReceiveMessage", (user, text) => got.push(`${user}: ${text}`));
  await guest.invoke("SendMessage", "Newcomer", "Hello");
  await heard(page, "Hello");
  await page.waitForSelector('.message:has-text("from another client")');
  const answered = new Promise((done) => guest.on("ReceiveMessage", (_, text) => text === "Welcome" && done()));
  await say(page, "Welcome");
  await answered;
  assert.deepEqual(got, ["Newcomer: Hello", "Host: Welcome"]);
  await guest.stop();
  await page.close();
});

test("a restarted server: the line is cut, counted down, and back; typed text is kept", async () => {
  const page = await open("Patient");
  await s.stop();
  await lamp(page, "waiting");
  await page.waitForSelector('#lamp button:text-is("Try now")');
  await page.fill("#text", "kept while offline");
  await page.press("#text", "Enter");
  await page.waitForSelector('#problem:has-text("Not connected yet")');
  await page.waitForFunction(() => /in \d+ s/.test(document.querySelector("#lamp .figures").textContent));
  page.errors = []; // the browser logs what it could not reach
  await shoot(page, "chat-cut", { check: false });
  await s.start();
  await again(page);
  assert.equal(await page.inputValue("#text"), "kept while offline");
  await page.press("#text", "Enter");
  await heard(page, "kept while offline");
  await page.close();
});

test("a server that comes back is found without a click", async () => {
  const page = await open("Waiting");
  await s.stop();
  await lamp(page, "waiting");
  await s.start();
  await lamp(page, "connected", 1, 60_000);
  await page.close();
});
