import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpTransportType } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { cut, flood, lamp, mend, second, shoot, sound, stage } from "./harness.mjs";

const s = stage();

const open = async (board, o) => {
  const page = await s.openUp(`/whiteboard/?board=${board}`, o);
  await page.waitForSelector("#veil", { state: "hidden" });
  return page;
};
/** Draws from one place of the board (1600 by 1000) to others. */
const drag = async (page, places, pane = "") => {
  const box = await page.locator(`#top${pane}`).boundingBox();
  const at = ([x, y]) => [box.x + (x / 1600) * box.width, box.y + (y / 1000) * box.height];
  await page.mouse.move(...at(places[0]));
  await page.mouse.down();
  for (const p of places.slice(1)) await page.mouse.move(...at(p), { steps: 6 });
  await page.mouse.up();
};
const tool = (page, name, pane = "") => page.click(`#tools${pane} button:text-is("${name}")`);
/** Waits until there is ink (or none) at a place of the board. */
const ink = (page, x, y, there = true, pane = "") =>
  page.waitForFunction(
    ({ x, y, there, pane }) => {
      const c = document.getElementById("ink" + pane);
      const k = c.width / 1600;
      return [...c.getContext("2d").getImageData(x * k - 2, y * k - 2, 5, 5).data].some((v) => v > 0) === there;
    },
    { x, y, there, pane },
  );
const marks = (page, n, pane = "") => page.waitForSelector(`#ink${pane}[aria-label="The board with ${n} ${n === 1 ? "mark" : "marks"}"]`);
const key = (name) => name.padEnd(20, "-");
const client = async (board, name, o) => {
  const c = await s.client("/whiteboardHub", { protocol: new MessagePackHubProtocol(), ...o });
  await c.invoke("Enter", key(name), name, board);
  return c;
};
const stroke = (id, points, more) => ({ id, n: 0, v: 0, kind: 0, colour: 3, size: 1, points, text: "", by: "", ...more });

test("two draw at once; each undoes their own; who comes late sees everything", async () => {
  const a = await open("Story"), b = await open("Story");
  await a.bringToFront();
  await shoot(a, "whiteboard-empty");
  await drag(a, [[100, 300], [500, 300], [500, 500]]);
  await b.bringToFront(); // a page behind paints once a second
  await ink(b, 300, 300);
  await ink(b, 500, 400);
  await tool(b, "Box");
  await b.click('#colours button[aria-label="Red"]');
  await drag(b, [[700, 200], [1100, 500]]);
  await tool(b, "Circle");
  await drag(b, [[1200, 200], [1500, 500]]);
  await a.bringToFront();
  await ink(a, 700, 350);
  await ink(a, 1350, 200);
  await tool(a, "Note");
  await a.click("#top", { position: { x: 120, y: 400 } });
  await a.fill(".note textarea", "Bring <b>cake</b>");
  await a.press(".note textarea", "Escape");
  await b.waitForFunction(() => document.querySelector(".note textarea")?.value === "Bring <b>cake</b>");
  assert.equal(await b.locator(".note b").count(), 0, "text must not become markup");
  await marks(b, 4);

  const late = await open("Story");
  await marks(late, 4);
  for (const [x, y] of [[300, 300], [700, 350], [1350, 200]]) await ink(late, x, y);
  await late.waitForFunction(() => document.querySelector(".note textarea")?.value === "Bring <b>cake</b>");

  await a.bringToFront();
  await b.keyboard.press("Control+z");
  await ink(a, 1350, 200, false);
  await ink(a, 700, 350);
  await b.keyboard.press("Control+Shift+z");
  await ink(a, 1350, 200);
  await tool(a, "Eraser");
  await drag(a, [[650, 350], [750, 350]]);
  await ink(late, 700, 350, false);
  await a.click("#undo");
  await ink(late, 700, 350);
  await a.bringToFront();
  await shoot(a, "whiteboard-busy");

  const [file] = await Promise.all([a.waitForEvent("download"), a.click("#save")]);
  assert.equal(file.suggestedFilename(), "whiteboard.png");
  const chunks = [];
  for await (const c of await file.createReadStream()) chunks.push(c);
  const png = Buffer.concat(chunks);
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1600, 1000]);
  for (const page of [a, b, late]) await page.close();
});

test("the keyboard alone draws", async () => {
  const page = await open("Keys");
  await page.focus("#top");
  await page.keyboard.press("b");
  await page.keyboard.press("Space");
  for (let i = 0; i < 4; i++) await page.keyboard.press("Shift+ArrowRight");
  for (let i = 0; i < 3; i++) await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Space");
  await ink(page, 800, 600);
  await marks(page, 1);
  await page.close();
});

test("a cut line: the page says so, and comes back to the true board", async () => {
  const page = await open("Cut");
  await second(page);
  await drag(page, [[100, 100], [800, 100]]);
  await ink(page, 400, 100, true, "-2");
  await tool(page, "Note", "-2");
  await page.click("#top-2", { position: { x: 300, y: 150 } });
  await page.waitForSelector("#notes textarea");
  await cut(page, 2);
  await page.waitForSelector('#veil-2:has-text("as it was")');
  await drag(page, [[100, 800], [800, 800]]);
  await page.click("#undo");
  await page.click("#undo");
  await drag(page, [[200, 600], [900, 600]]);
  await marks(page, 2);
  await page.fill("#notes-2 textarea", "written while cut");
  await page.waitForSelector('#problem-2:has-text("Not connected")');
  await page.bringToFront();
  await shoot(page, "whiteboard-cut");
  await ink(page, 400, 100, true, "-2");
  await mend(page, 2);
  await lamp(page, "connected", 2);
  await ink(page, 400, 100, false, "-2");
  await ink(page, 500, 600, true, "-2");
  await page.waitForFunction(() => document.querySelector("#notes textarea").value === "written while cut"); // it was kept, and told
  await page.close();
});

for (const [name, transport] of Object.entries({ WebSockets: HttpTransportType.WebSockets, "Server-Sent Events": HttpTransportType.ServerSentEvents, "long polling": HttpTransportType.LongPolling }))
  test(`everything comes in order over ${name}`, async () => {
    const protocol = transport === HttpTransportType.ServerSentEvents ? {} : { protocol: new MessagePackHubProtocol() };
    const c = await s.client("/whiteboardHub", { transport, ...protocol });
    const seen = new Map();
    const whole = new Promise((done) =>
      c.on("news", (b) => {
        for (const m of b.marks ?? []) seen.set(m.id, [...m.points]);
        for (const m of b.more ?? []) {
          assert.equal(m.at, seen.get(m.id).length, "no gap");
          seen.get(m.id).push(...m.points);
        }
        if (seen.get("stroke0001")?.length === 80) done();
      }),
    );
    await c.invoke("Enter", key("a"), "Ada", name);
    await c.invoke("Add", stroke("stroke0001", [1, 2]));
    for (let i = 1; i < 40; i++) await c.invoke("Extend", "stroke0001", [i, i]);
    await whole;
    await c.stop();
  });

test("abuse is answered politely and hurts nobody else", async () => {
  const page = await open("Rude");
  const raw = await client("Rude", "<img src=x>");
  await page.waitForSelector('#count:text-is("2 people")');
  await assert.rejects(raw.invoke("Add", stroke("stroke0001", [NaN, 5])));
  await assert.rejects(raw.invoke("Add", stroke("stroke0001", [-5, 5])), /outside the board/);
  await assert.rejects(raw.invoke("Add", stroke("note000001", [5, 5], { kind: 4, text: "x".repeat(20_000) })), /at most 280/);
  const add = (i) => raw.invoke("Add", stroke(`flood${String(i).padStart(5, "0")}`, [1, 1]));
  await flood(10_000, add, { told: /more than the board takes|Too much at once/, burst: 60, each: 20 });
  const closed = new Promise((done) => raw.onclose(done));
  await assert.rejects(raw.invoke("Add", stroke("note000002", [5, 5], { kind: 4, text: "x".repeat(1_000_000) })));
  await closed; // a message of 1 MB ends its own connection
  await page.waitForSelector('#count:text-is("1 person")');
  await drag(page, [[500, 500], [900, 500]]);
  await ink(page, 700, 500);
  await sound(page);
  await page.close();
});

test("a crowd draws, and the page keeps painting", async (t) => {
  const crowd = Number(process.env.CROWD ?? 200);
  const page = await open("Crowd");
  const all = [];
  while (all.length < crowd) all.push(...(await Promise.all(Array.from({ length: 20 }, (_, i) => client("Crowd", `Person ${all.length + i}`)))));
  await page.waitForSelector(`#count:text-is("${crowd + 1} people")`);
  await Promise.all(all.map((c, i) => c.invoke("Add", stroke(`crowd${String(i).padStart(5, "0")}`, [100 + 7 * i, 50]))));
  let step = 0;
  const go = setInterval(() => {
    step++;
    all.forEach((c, i) => {
      const x = 100 + 7 * i, y = 50 + 12 * (78 - Math.abs(78 - (step % 156))); // down and up, for as long as the page takes
      void c.send("Extend", `crowd${String(i).padStart(5, "0")}`, [x - 3, y - 6, x, y]);
      void c.send("Point", x, y);
    });
  }, 50);
  await page.waitForFunction(() => Number(document.getElementById("rate").textContent) >= 5);
  const figures = await page.evaluate(
    () =>
      new Promise((done) => {
        const gaps = [];
        let last = performance.now();
        const frame = (now) => {
          gaps.push(now - last);
          last = now;
          if (gaps.length < 90) requestAnimationFrame(frame);
          else done({ rate: 1000 / (gaps.slice(1).reduce((a, b) => a + b) / (gaps.length - 1)), worst: Math.max(...gaps.slice(1)) });
        };
        requestAnimationFrame(frame);
      }),
  );
  await ink(page, 100 + 7 * (crowd - 1), 200); // the last one's stroke has grown
  clearInterval(go);
  t.diagnostic(`${crowd} people drawing: ${figures.rate.toFixed(0)} frames/s, the longest frame ${figures.worst.toFixed(0)} ms`);
  assert.ok(figures.rate > 2, `${figures.rate} frames/s`); // a busy machine has few for anything
  await marks(page, crowd);
  await Promise.all(all.map((c) => c.stop()));
  await page.close();
});
