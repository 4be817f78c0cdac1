import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpTransportType } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { again, cut, flood, lamp, mend, second, shoot, sound, stage } from "./harness.mjs";

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

/** New lots on all desks: the clock of each starts with its first bid, so none runs out under a test. */
const newLots = () => s.anew();
/** Waits in the page for an auctioneer's word, and bids at once: a hand would be too late where the machine is slow. */
const bidWhen = (page, desk, word, amount) =>
  page.evaluate(
    ([card, word, amount]) =>
      new Promise((done) => {
        const look = () => {
          if (!document.querySelector(`${card} .call`).textContent.includes(word)) return;
          watch.disconnect();
          const input = document.querySelector(`${card} input`);
          input.value = String(amount);
          input.dispatchEvent(new Event("input", { bubbles: true }));
          input.form.requestSubmit();
          done();
        };
        const watch = new MutationObserver(look);
        watch.observe(document.querySelector(card), { childList: true, subtree: true, characterData: true });
      }),
    [card(desk), word, amount],
  );
/** Keeps how far a card's clock ran down in the page, in globalThis.left: the part of the time that is left, each time it is shown. */
const keepClock = (page, desk) =>
  page.evaluate((card) => {
    globalThis.left = [];
    const fill = document.querySelector(`${card} .fill`);
    new MutationObserver(() => globalThis.left.push(Number(/[\d.]+/.exec(fill.style.transform)[0]))).observe(fill, { attributes: true });
  }, card(desk));

test("a bid is confirmed, outbid, put off at the last moment, and won by one", async () => {
  const a = await open("Ada"), b = await open("Bea");
  await a.bringToFront(); // a page behind paints once a second
  await shoot(a, "auction-empty");
  await bid(a, 2, 20); // the desk whose clock runs for a minute
  await state(a, 2, "mine");
  await b.waitForSelector(`${card(2)}:has-text("Ada leads")`);
  const outbid = a.waitForSelector('#toasts:has-text("You are outbid: Bea bids €\u202f40")'); // for 6 s: look before it comes
  await bid(b, 2, 40);
  await state(b, 2, "mine");
  await state(a, 2, "outbid");
  await outbid;
  await bid(b, 3, 20);
  await bid(a, 3, 30);
  await keepClock(b, 0);
  const late = bidWhen(a, 0, "Going twice", 100);
  const lost = b.waitForSelector('#toasts:has-text("You are outbid: Ada bids €\u202f100")');
  const won = a.waitForSelector('#toasts:has-text("Sold to you")');
  await bid(b, 0, 20); // the desk whose clock runs for 6 s
  await late;
  await lost;
  await won;
  for (const page of [a, b]) {
    await page.waitForSelector('#sales li:has-text("€\u202f100")');
    assert.match(await page.locator("#sales li").allTextContents().then((all) => all.join()), /€\u202f100to (you|Ada)/);
    assert.equal(await page.locator("#sales li:has-text('€\u202f100')").count(), 1, "one winner");
  }
  const left = await b.evaluate(() => globalThis.left.slice(0, globalThis.left.indexOf(0))); // until the hammer fell
  assert.ok(left.some((part, i) => i > 0 && part > left[i - 1]), `a late bid puts the hammer off: ${left}`);
  await a.bringToFront();
  await shoot(a, "auction-busy");
  await a.close();
  await b.close();
});

test("two clients in one page; who was cut off sees afterwards what happened", async () => {
  await newLots();
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
  const missed = page.waitForSelector('#toasts:has-text("Left bids €\u202f500")');
  await mend(page, 2);
  await lamp(page, "connected", 2);
  await state(page, 2, "outbid", "-2");
  await missed;
  assert.equal(await page.textContent("#paddle-2"), paddle, "the same bidder");
  await sound(page);
  await page.close();
});

for (const [name, transport] of Object.entries({ WebSockets: HttpTransportType.WebSockets, "Server-Sent Events": HttpTransportType.ServerSentEvents, "long polling": HttpTransportType.LongPolling }))
  test(`of twenty bids at once one wins, over ${name}`, async () => {
    await newLots();
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
  await newLots();
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
  const lot = 3; // for which nobody has bid: it cannot be sold meanwhile
  await assert.rejects(raw.invoke("Bid", lot, NaN), /whole number/);
  await assert.rejects(raw.invoke("Bid", lot, 1e300), /Nobody here bids more/);
  await assert.rejects(raw.invoke("Bid", lot, "much"));
  await flood(10_000, () => raw.invoke("Bid", lot, -1), { told: /That was fast|Too much at once/, burst: 5, each: 500 });
  const closed = new Promise((done) => raw.onclose(done));
  await assert.rejects(raw.invoke("Enter", "x".repeat(1_000_000), "Raw"));
  await closed; // a message of 1 MB ends its own connection

  await bid(page, 2, 60);
  await state(page, 2, "mine");
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
  await again(page);
  await bid(page, 2, 20);
  await state(page, 2, "mine");
  await page.close();
});
