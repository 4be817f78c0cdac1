import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { HttpTransportType } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { build } from "vite";
import { again, cut, lamp, mend, second, shoot, sound, stage } from "./harness.mjs";

const s = stage();

const open = async (name, o) => {
  const page = await s.openUp("/game/", o);
  await page.fill("#name", name);
  await page.press("#name", "Enter");
  await page.waitForSelector("#veil", { state: "hidden" });
  return page;
};
const key = (name) => name.padEnd(20, "-");

/** Somebody in Node who sees every frame. until() waits for a frame in which something holds of a player, by name, and gives the player's row and the tick. */
const watcher = async (name, o) => {
  const c = await s.client("/gameHub", { protocol: new MessagePackHubProtocol(), ...o });
  const who = new Map();
  const waits = new Set();
  c.on("roster", (all) => all.forEach((p) => who.set(p.name, p.n)));
  c.on("tick", (f) => waits.forEach((w) => w(f)));
  const w = await c.invoke("Enter", key(name), name);
  w.roster.forEach((p) => who.set(p.name, p.n));
  return {
    c,
    you: w.you,
    until: (player, holds) =>
      new Promise((done, fail) => {
        let last;
        const late = setTimeout(() => fail(new Error(`${player} never came to ${holds}; the last row: ${last}`)), 45_000);
        const look = (f) => {
          const row = f.players.find((r) => r[0] === who.get(player));
          last = row ?? last;
          if (!row || !holds(row, f)) return;
          waits.delete(look);
          clearTimeout(late);
          done([...row, f.tick]);
        };
        waits.add(look);
      }),
  };
};

/** One of the page's own modules, built for Node. */
const module = async (name) => {
  const { output } = await build({ configFile: false, logLevel: "error", build: { write: false, ssr: fileURLToPath(new URL(`../game/${name}.ts`, import.meta.url)) } });
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
};

test("the page's step is the server's step, number for number", async () => {
  const { step } = await module("step");
  const kept = JSON.parse(await readFile(new URL("../../examples/game/testdata/steps.json", import.meta.url), "utf8"));
  const b = { x: 100, y: 100, vx: 0, vy: 0, dash: 0, cool: 0 };
  kept.forEach(({ steer: [dx, dy, dash], body }, i) => {
    step(b, { seq: i, dx, dy, dash: dash === 1 });
    assert.deepEqual([b.x * 16, b.y * 16, b.vx * 16, b.vy * 16, b.dash, b.cool], body, `step ${i}`);
  });
});

test("a prediction needs no correction unless something happened that it could not know; then it glides", async () => {
  const [{ Prediction }, { step }] = [await module("predict"), await module("step")];
  const me = new Prediction();
  const server = { x: 400, y: 400, vx: 0, vy: 0, dash: 0, cool: 0 };
  const row = (seq) => [1, server.x * 16, server.y * 16, server.vx * 16, server.vy * 16, 0, server.dash, server.cool, seq];
  me.correct(row(0));
  const late = 6; // ticks from page to server and back
  const sent = [];
  let shown = me.shown(1);
  for (let seq = 1; seq <= 60; seq++) {
    const steer = { seq, dx: seq < 30 ? 100 : -70, dy: 40, dash: seq === 10 };
    sent.push(steer);
    me.steer(steer);
    const ahead = { ...me.body };
    if (seq > late) {
      step(server, sent[seq - late - 1]);
      if (seq === 40) server.x -= 40; // bumped by somebody
      me.correct(row(seq - late));
      if (seq < 40) assert.deepEqual(me.body, ahead, `step ${seq}: the server's word changes nothing`);
    }
    const now = me.shown(1);
    assert.ok(Math.hypot(now.x - shown.x, now.y - shown.y) < 60, `step ${seq}: no jump`);
    shown = now;
  }
  assert.ok(Math.hypot(shown.x - me.body.x, shown.y - me.body.y) < 5, "the correction has faded");
});

test("the others are shown between two frames, or as the last one says", async () => {
  const { Others } = await module("others");
  const others = new Others();
  assert.deepEqual(others.seen(true), []);
  const real = performance.now;
  let now = 0;
  performance.now = () => now;
  try {
    for (let tick = 1; tick <= 10; tick++) {
      now = (tick * 1000) / 30;
      others.add({ tick, players: [[7, tick * 160, 1600, 0, 0, 2, 0, 0, 0]], winner: 0, rest: 0 });
    }
    assert.equal(others.seen(false)[0].x, 100);
    now += 1000 / 60;
    const [p] = others.seen(true); // three ticks back, and half a tick on
    assert.ok(Math.abs(p.x - 75) < 1, `at ${p.x}`);
  } finally {
    performance.now = real;
  }
});

test("one person plays with bots, by keys and by finger; the server decides", async () => {
  const page = await open("Ada");
  const w = await watcher("Watch");
  await page.waitForSelector('#scores li:has-text("bot")');
  await page.waitForFunction(() => Number(document.getElementById("pace").textContent) > 10);
  await page.waitForFunction(() => Number(document.getElementById("answer").textContent) > 0);
  await page.focus("#floor");
  await page.keyboard.down("ArrowRight");
  await w.until("Ada", ([, x]) => x > 1100 * 16);
  await page.keyboard.up("ArrowRight");
  await page.keyboard.down("a");
  const dashed = w.until("Ada", (r) => r[6] > 0 && r[3] < 0); // it dashes to the left, for 8 ticks: look before
  await page.keyboard.press("Space");
  await dashed;
  await page.keyboard.up("a");
  const floor = await page.locator("#floor").boundingBox();
  await page.mouse.move(floor.x + 200, floor.y + 200);
  await page.mouse.down();
  const [, , y] = await w.until("Ada", () => true);
  const way = y > 500 * 16 ? -1 : 1; // away from the nearer wall
  const driven = w.until("Ada", ([, , , , vy]) => vy * way > 300 * 16); // until it meets the wall: look before
  await page.mouse.move(floor.x + 200, floor.y + 200 + way * 100);
  await driven;
  await page.mouse.up();
  await w.until("Ada", ([, , , vx, vy]) => Math.abs(vx) + Math.abs(vy) < 16 * 16);
  await shoot(page, "game-busy");
  await page.selectOption("#delay", "100");
  await page.waitForFunction(() => Number(document.getElementById("answer").textContent) >= 100);
  await sound(page);
  await w.c.stop();
  await page.close();
});

test("two clients in one page; a cut line waits, and comes back as the same player", async () => {
  const page = await open("Left");
  await second(page);
  await page.fill("#name-2", "Right");
  await page.press("#name-2", "Enter");
  await page.waitForSelector('#scores li:has-text("Right")');
  const w = await watcher("Watch");
  await cut(page, 2);
  await page.waitForSelector('#veil-2:has-text("Line cut")');
  await page.waitForSelector("#veil", { state: "hidden" });
  await shoot(page, "game-cut"); // which may take longer than the 15 s that a player waits
  await mend(page, 2);
  await lamp(page, "connected", 2);
  await page.waitForSelector("#veil-2", { state: "hidden" });
  const [n] = await w.until("Right", () => true);
  await cut(page, 2);
  await page.waitForSelector('#veil-2:has-text("Line cut")');
  await mend(page, 2);
  await lamp(page, "connected", 2);
  await page.waitForSelector("#veil-2", { state: "hidden" });
  await page.focus("#floor-2");
  await page.keyboard.down("ArrowDown");
  const [again] = await w.until("Right", (r) => r[2] > 700 * 16);
  await page.keyboard.up("ArrowDown");
  assert.equal(again, n, "the same player");
  await w.c.stop();
  await page.close();
});

for (const [name, transport] of Object.entries({ WebSockets: HttpTransportType.WebSockets, "long polling": HttpTransportType.LongPolling }))
  test(`the server's word comes over ${name}`, async () => {
    const w = await watcher(`By ${name}`, { transport });
    let seq = 0;
    const go = setInterval(() => void w.c.send("Steer", { seq: ++seq, dx: 100, dy: 0, dash: false }).catch(() => {}), 33);
    const row = await w.until(`By ${name}`, (r) => r[8] > 10 && r[1] > 1500 * 16);
    assert.ok(row[1] <= (1600 - 28) * 16, "on the floor");
    clearInterval(go);
    await w.c.stop();
  });

test("abuse is answered politely and hurts nobody else", async () => {
  const page = await open("Calm");
  const w = await watcher("Watch");
  const rude = await watcher("<img src=x>");
  await page.waitForSelector('#scores li:has-text("<img src=x>")');
  assert.equal(await page.locator("#scores img").count(), 0, "a script in a name is a text");
  await assert.rejects(rude.c.invoke("Steer", { seq: 1, dx: 120, dy: 0, dash: false }), /from -100 to 100/);
  await assert.rejects(rude.c.invoke("Steer", { seq: 1, dx: NaN, dy: 0, dash: false }));
  for (let i = 0; i < 10_000; i++) void rude.c.send("Steer", { seq: i + 1, dx: 100, dy: 0, dash: true });
  const flooded = await w.until("<img src=x>", (r) => r[8] > 4900); // 5,000 calls at once are allowed; a fast machine's others are dropped
  const next = await w.until("<img src=x>", () => true);
  assert.ok(Math.abs(next[1] - flooded[1]) <= 60 * 16 * (next[9] - flooded[9]), `nobody is faster for sending more: ${flooded}; ${next}`);
  const closed = new Promise((done) => rude.c.onclose(done));
  await assert.rejects(rude.c.invoke("Enter", "x".repeat(1_000_000), "Rude"));
  await closed; // a message of 1 MB ends its own connection
  await page.focus("#floor");
  await page.keyboard.down("ArrowUp");
  await w.until("Calm", (r) => r[2] < 100 * 16);
  await page.keyboard.up("ArrowUp");
  await sound(page);
  await w.c.stop();
  await page.close();
});

test("a restarted server: the page says so and plays again", async () => {
  const page = await open("Patient");
  await s.stop();
  await lamp(page, "waiting");
  await page.waitForSelector('#veil:has-text("Line cut")');
  page.errors = []; // the browser logs what it could not reach
  await s.start();
  await again(page);
  await page.waitForFunction(() => Number(document.getElementById("pace").textContent) > 10);
  await page.close();
});
