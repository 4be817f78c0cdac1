import assert from "node:assert/strict";
import { test } from "node:test";
import { again, flood, forgiveLost, lamp, lampSays, shoot, sound, stage } from "./harness.mjs";

const s = stage();
const ways = ["poll", "lp", "sse", "ws"];

const figure = async (page, way, name) => {
  const text = await page.textContent(`#${way} [data-figure="${name}"]`);
  return Number(text.replace(/[^\d.]/g, "")) * (/ s$/.test(text) ? 1000 : / kB$/.test(text) ? 1000 : 1);
};
const allUp = (page) => Promise.all(["lamp-poll", "lamp-lp", "lamp-sse", "lamp"].map((id) => page.waitForSelector(`#${id}[data-state="connected"]`)));
const until = (page, way, name, least) =>
  page.waitForFunction(([way, name, least]) => Number(document.querySelector(`#${way} [data-figure="${name}"]`).textContent.replace(/,/g, "")) >= least, [way, name, least]);

/** Waits until nothing has come for longer than it takes to show it (0.5 s). */
const still = async (page) => {
  const all = () => Promise.all(ways.map((way) => figure(page, way, "messages"))).then(String);
  for (let had = "", now = await all(); now !== had; now = await all()) {
    had = now;
    await page.evaluate(() => new Promise((go) => setTimeout(go, 1500)));
  }
};

const open = async (rate = "20") => {
  const page = await s.openUp("/lab/");
  await allUp(page);
  await page.selectOption("#rate", rate);
  return page;
};

test("a restarted server counts anew, and all lines come back", async () => {
  const page = await open();
  await until(page, "ws", "messages", 5);
  await s.stop();
  await lamp(page, "waiting");
  await page.waitForSelector('#lamp-poll[data-state="waiting"]');
  await s.start();
  for (const id of ["lamp", "lamp-sse", "lamp-lp", "lamp-poll"]) await again(page, id);
  await allUp(page);
  for (const way of ways) {
    await until(page, way, "messages", 5);
    assert.equal(await figure(page, way, "lost"), 0);
  }
  await page.close();
});

test("the same messages arrive in four ways: polling is late, sockets cost least", async () => {
  const page = await s.openUp("/lab/");
  await allUp(page);
  await lampSays(page, "Connected over WebSockets");
  await page.waitForSelector('#lamp-sse:has-text("Server-Sent Events")');
  await page.waitForSelector('#lamp-lp:has-text("long polling")');
  await page.selectOption("#rate", "20");
  for (const way of ways) await until(page, way, "messages", 25);
  for (const way of ways) {
    assert.equal(await figure(page, way, "lost"), 0, `${way} lost messages`);
    assert.equal(await figure(page, way, "duplicate"), 0, `${way} had messages twice`);
  }
  assert.ok((await figure(page, "poll", "p50")) > (await figure(page, "ws", "p50")), "polling is not later");
  const each = Object.fromEntries(await Promise.all(ways.map(async (way) => [way, await figure(page, way, "each")])));
  assert.ok(each.ws < each.sse && each.sse < each.lp, `bytes a message: ${JSON.stringify(each)}`);
  assert.ok((await figure(page, "ws", "requests")) < 3);
  await shoot(page, "lab-busy");
  await page.close();
});

test("a cut loses what nobody asks for again; polling catches up; asking heals the rest", async () => {
  const page = await open();
  await until(page, "ws", "messages", 5);
  await page.click("#cut");
  for (const id of ["lamp-poll", "lamp-lp", "lamp-sse", "lamp"]) await page.waitForSelector(`#${id}[data-state="waiting"]`);
  await still(page); // bytes do not get through a cut network
  await page.click("#cut");
  await allUp(page);
  for (const way of ["lp", "sse", "ws"]) await until(page, way, "lost", 5);
  await until(page, "poll", "late", 5);
  assert.equal(await figure(page, "poll", "lost"), 0, "polling asks for what is new, however old");
  await page.check("#heal");
  await page.click("#blink");
  for (const way of ["lp", "sse", "ws"])
    await page.waitForFunction((way) => document.querySelector(`#${way} [data-figure="lost"]`).textContent === "0", way);
  await allUp(page);
  forgiveLost(page);
  await sound(page);
  await page.click("#cut"); // once more, for the picture: before, it would take longer than the server remembers
  for (const id of ["lamp-poll", "lamp-lp", "lamp-sse", "lamp"]) await page.waitForSelector(`#${id}[data-state="waiting"]`);
  await shoot(page, "lab-cut", { check: false });
  await page.close();
});

test("a blocked transport: the line takes the next, and comes back", async () => {
  const page = await open("5");
  await page.check("#block-ws");
  await lampSays(page, "Connected over Server-Sent Events");
  await page.check("#block-sse");
  await lampSays(page, "Connected over long polling");
  await page.waitForSelector('#lamp-sse:has-text("Connected over long polling")');
  await page.check("#block-lp");
  await page.waitForSelector('#lamp-lp:has-text("No way through.")');
  await shoot(page, "lab-blocked", { check: false });
  assert.equal(await page.getAttribute("#lamp-poll", "data-state"), "connected", "plain polling is not blocked");
  for (const id of ["lp", "sse", "ws"]) await page.uncheck(`#block-${id}`);
  await lampSays(page, "Connected over WebSockets");
  await allUp(page);
  forgiveLost(page);
  await sound(page);
  await page.close();
});

test("stateful reconnect: a broken socket loses nothing; a slow network makes all late", async () => {
  const page = await open();
  await page.check("#stateful");
  await lampSays(page, "Connected over WebSockets");
  await page.click("#anew");
  await until(page, "ws", "messages", 10);
  for (let i = 0; i < 2; i++) {
    const had = await figure(page, "ws", "messages");
    await page.click("#blink");
    await until(page, "ws", "messages", had + 15);
  }
  assert.equal(await figure(page, "ws", "lost"), 0);
  for (const way of ["sse", "lp"]) await until(page, way, "lost", 1); // they were broken, too
  await page.selectOption("#slow", "400");
  await page.click("#anew");
  await page.waitForFunction(() => parseFloat(document.querySelector('#ws [data-figure="p50"]').textContent) >= 400);
  assert.equal(await figure(page, "ws", "lost"), 0);
  await page.close();
});

test("abuse is answered politely and hurts nobody else; where the server has one name, all lines share it", async () => {
  const page = await s.open("/healthz"), rude = await s.client("/labHub");
  await page.route("**/gallery/here", (r) => r.fulfill({ json: { twoNames: false, addresses: [] } }));
  const names = new Set();
  page.on("request", (r) => r.url().includes("/labHub") && names.add(new URL(r.url()).hostname));
  await page.goto(s.url + "/lab/");
  await allUp(page);
  assert.deepEqual([...names], ["localhost"]);
  await page.waitForSelector('#names:has-text("at most three of them are long answers")');
  await assert.rejects(rude.invoke("Since", 0), /Listen to a stream first/);
  await assert.rejects(rude.invoke("Listen", 5, 123456), /Messages are filled with/);
  await assert.rejects(rude.invoke("Listen", "<script>", 0), /Failed to invoke/);
  await rude.invoke("Listen", 5, 0);
  await flood(2000, () => rude.invoke("Since", 0), { told: /That was fast/, burst: 20, each: 250 });
  const had = await figure(page, "ws", "messages");
  await until(page, "ws", "messages", had + 5);
  assert.equal(await figure(page, "ws", "lost"), 0);
  assert.equal((await fetch(s.url + "/lab/poll?rate=NaN&size=0")).status, 400);
  await rude.stop();
  await page.close();
});
