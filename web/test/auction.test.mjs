import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpTransportType } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { cut, lamp, mend, second, shoot, sound, stage } from "./harness.mjs";

const s = stage();

const open = async (name, o) => {
  const page = await s.openUp("/auction/", o);
  await page.fill("#name", name);
  await page.press("#name", "Enter");
  await page.waitForSelector("#paddle:not(:text-is('–'))");
  return page;
};
const card = (desk, pane = "") => `#lots${pane} > li:nth-child(${desk + 1})`;
const bid = async (page, desk, amount, pane = "") => {
  await page.fill(`${card(desk, pane)} input`, String(amount));
  await page.press(`${card(desk, pane)} input`, "Enter");
};
const state = (page, desk, is, pane = "") => page.waitForSelector(`${card(desk, pane)}[data-state="${is}"]`);
const key = (name) => name.padEnd(20, "-");

test("a bid is confirmed, outbid, put off at the last moment, and won by one", async () => {
  const a = await open("Ada"), b = await open("Bea");
  await a.bringToFront(); // a page behind paints once a second
  await shoot(a, "auction-empty");
  await bid(a, 0, 20); // the desk whose clock runs for 6 s
  await state(a, 0, "mine");
  await b.waitForSelector(`${card(0)}:has-text("Ada leads")`);
  await bid(b, 0, 40);
  await state(b, 0, "mine");
  await state(a, 0, "outbid");
  await a.waitForSelector('#toasts:has-text("You are outbid: Bea bids €\u202f40")');
  await bid(a, 2, 30);
  await bid(b, 3, 20);
  await bid(a, 3, 30);
  await bid(b, 2, 50);
  await b.waitForSelector(`${card(0)}:has-text("Going twice")`);
  await bid(a, 0, 100);
  await state(a, 0, "mine");
  await b.waitForSelector(`${card(0)} .time:text-is("3 s")`);
  await state(b, 0, "outbid");
  await a.waitForSelector('#toasts:has-text("Sold to you")');
  for (const page of [a, b]) {
    await state(page, 0, "sold");
    assert.match(await page.textContent("#sales li"), /100to (you|Ada)/);
    assert.equal(await page.locator("#sales li").count(), 1, "one winner");
  }
  await a.bringToFront();
  await shoot(a, "auction-busy");
  await a.close();
  await b.close();
});

test("two clients in one page; who was cut off sees afterwards what happened", async () => {
  const page = await open("Left");
  await second(page);
  await bid(page, 2, 200);
  await state(page, 2, "mine");
  await bid(page, 2, 300, "-2");
  await state(page, 2, "outbid");
  await state(page, 2, "mine", "-2");
  const paddle = await page.textContent("#paddle-2");
  await cut(page, 2);
  await page.waitForSelector('#told-2.problem:has-text("goes on without you")');
  assert.ok(await page.isDisabled(`${card(2, "-2")} button`));
  await bid(page, 2, 500);
  await state(page, 2, "mine");
  await page.bringToFront();
  await shoot(page, "auction-cut");
  assert.match(await page.textContent(`${card(2, "-2")} .price`), /300/, "the line was really cut");
  await mend(page, 2);
  await lamp(page, "connected", 2);
  await state(page, 2, "outbid", "-2");
  await page.waitForSelector('#toasts:has-text("Left bids €\u202f500")');
  assert.equal(await page.textContent("#paddle-2"), paddle, "the same bidder");
  await sound(page);
  await page.close();
});

for (const [name, transport] of Object.entries({ WebSockets: HttpTransportType.WebSockets, "Server-Sent Events": HttpTransportType.ServerSentEvents, "long polling": HttpTransportType.LongPolling }))
  test(`of twenty bids at once one wins, over ${name}`, async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => s.client("/auctionHub", { transport })));
    const snapshots = await Promise.all(all.map((c, i) => c.invoke("Enter", key(`${name}-${i}`), `Crowd ${i}`)));
    const lot = snapshots[0].lots[2];
    const outbid = new Promise((done) => all.forEach((c) => c.on("outbid", done)));
    const results = await Promise.allSettled(all.map((c) => c.invoke("Bid", lot.lot, lot.next)));
    assert.equal(results.filter((r) => r.status === "fulfilled").length, 1);
    const led = results.findIndex((r) => r.status === "fulfilled");
    await all[(led + 1) % 20].invoke("Bid", lot.lot, lot.next + 500);
    assert.equal((await outbid).view.leader, snapshots[(led + 1) % 20].paddle);
    await Promise.all(all.map((c) => c.stop()));
  });

test("abuse is answered politely and hurts nobody else", async () => {
  const page = await open("Calm"), rude = await open("<img src=x onerror=alert(1)>");
  await bid(rude, 1, 50);
  await page.waitForSelector(`${card(1)}:has-text("<img src=x")`);
  assert.equal(await page.locator("#lots img").count(), 0, "a script in a name is a text");
  await page.waitForFunction(() => document.querySelector("#lots > li:nth-child(2) input").value >= 55);
  await bid(page, 1, "12,50");
  await page.waitForSelector(`${card(1)} .answer:has-text("whole number")`);
  await bid(page, 1, 1);
  await page.waitForSelector(`${card(1)} .answer:has-text("or more")`);
  await sound(page);

  const raw = await s.client("/auctionHub", { protocol: new MessagePackHubProtocol() });
  await assert.rejects(raw.invoke("Bid", 1, 100), /Take a paddle first/);
  await assert.rejects(raw.invoke("Enter", "short", "Raw"), /16 to 64/);
  await raw.invoke("Enter", key("raw"), "Raw");
  await assert.rejects(raw.invoke("Bid", 2, NaN), /whole number/);
  await assert.rejects(raw.invoke("Bid", 2, 1e300), /Nobody here bids more/);
  await assert.rejects(raw.invoke("Bid", 2, "much"));
  const flood = []; // by the thousand: who asks much more than it reads is cut off
  for (let i = 0; i < 10; i++) flood.push(...(await Promise.allSettled(Array.from({ length: 1000 }, () => raw.invoke("Bid", 2, -1)))));
  const slowed = flood.filter((r) => /That was fast|Too much at once/.test(r.reason?.message));
  assert.ok(slowed.length > 9_900, `${slowed.length} slowed; the last answer: ${flood.at(-1).reason?.message}`);
  const closed = new Promise((done) => raw.onclose(done));
  await assert.rejects(raw.invoke("Enter", "x".repeat(1_000_000), "Raw"));
  await closed; // a message of 1 MB ends its own connection

  await bid(page, 3, 60);
  await state(page, 3, "mine");
  await sound(page);
  await page.close();
  await rude.close();
});

test("a restarted server: the page says so, comes back, and shows the new lots", async () => {
  const page = await open("Patient");
  await s.stop();
  await lamp(page, "waiting");
  await page.waitForSelector('#told.problem:has-text("goes on without you")');
  page.errors = []; // the browser logs what it could not reach
  await s.start();
  await page.click('#lamp button:text-is("Try now")');
  await lamp(page, "connected");
  await bid(page, 2, 20);
  await state(page, 2, "mine");
  await page.close();
});
