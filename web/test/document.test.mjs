import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpTransportType } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import * as Y from "yjs";
import { again, cut, flood, lamp, mend, second, shoot, sound, stage } from "./harness.mjs";

const s = stage();

/** What is written in a pane, without the others' cursors. */
const textOf = (page, pane = "") =>
  page.evaluate((id) => {
    const lines = [...document.getElementById(id).shadowRoot.querySelectorAll(".cm-line")].map((l) => l.cloneNode(true));
    for (const l of lines) for (const e of l.querySelectorAll(".caret, .cm-placeholder")) e.remove();
    return lines.map((l) => l.textContent.replace(/\u200b/g, "")).join("\n");
  }, `paper${pane}`);
const until = async (look, want, what) => {
  let got;
  for (const end = Date.now() + 45_000; Date.now() < end; await new Promise((go) => setTimeout(go, 50))) if ((got = await look()) === want) return;
  assert.equal(got, want, what);
};
const reads = (page, want, pane = "") => until(() => textOf(page, pane), want, `the text of pane ${pane || 1}`);
const saved = (page, pane = "") => page.waitForSelector(`#state${pane}:text-is("Everything is saved.")`);
const open = async (name, o) => {
  const page = await s.openUp("/document/", o);
  await page.fill("#name", name);
  await page.press("#name", "Enter");
  await page.waitForSelector(`#people li:text-is("${name} (you)")`);
  return page;
};
const write = async (page, text, pane = "", key = "Control+End") => {
  await page.locator(`#paper${pane} .cm-content`).click();
  if (key) await page.keyboard.press(key);
  await page.keyboard.type(text);
};
const wipe = async (page) => {
  await page.locator("#paper .cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await until(serverText, "", "what the server has");
};
/** What somebody who comes now would read. */
const serverText = async () => {
  const c = await robot(), doc = new Y.Doc();
  deaf(c, "here", "at", "left", "merged", "update");
  const { content } = await c.invoke("Enter", "Reader", "", 0);
  for (const e of [content.base, ...content.log]) if (e.data?.length) Y.applyUpdate(doc, e.data);
  await c.stop();
  return doc.getText("text").toString();
};
const robot = (transport) => s.client("/documentHub", { protocol: new MessagePackHubProtocol(), transport });
const deaf = (c, ...methods) => methods.forEach((m) => c.on(m, () => {}));

test("two write in one text and see each other's cursors; what is written offline merges on return", async () => {
  const page = await open("Ada");
  await shoot(page, "document-empty", { check: false });
  await sound(page);
  await write(page, "One line.");
  await second(page);
  await page.fill("#name-2", "Bea");
  await page.press("#name-2", "Enter");
  await reads(page, "One line.", "-2"); // the late joiner sees it
  await write(page, "\nAnd another.", "-2");
  await reads(page, "One line.\nAnd another.");
  await page.waitForSelector('#paper .caret .flag:text-is("Bea")', { state: "attached" });
  await page.keyboard.press("Shift+Control+ArrowLeft");
  await page.waitForSelector("#paper .range", { state: "attached" });
  await page.waitForSelector('#heard:has-text("has come.")', { state: "attached" });
  await shoot(page, "document-two");
  await cut(page, 2);
  await lamp(page, "waiting", 2);
  await page.locator("#paper .cm-content").click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.insertText("A: "); // at one moment: what is typed more slowly is undone key by key
  await write(page, " B was here.", "-2");
  await page.waitForSelector('#state-2:text-is("Your changes wait here until the line is back.")');
  assert.equal(await textOf(page), "A: One line.\nAnd another.");
  assert.equal(await textOf(page, "-2"), "One line.\nAnd another. B was here.");
  await shoot(page, "document-cut", { check: false });
  await mend(page, 2);
  await lamp(page, "connected", 2);
  for (const pane of ["", "-2"]) await reads(page, "A: One line.\nAnd another. B was here.", pane);
  await page.locator("#paper .cm-content").click();
  await page.keyboard.press("Control+z"); // one's own, not the other's
  for (const pane of ["", "-2"]) await reads(page, "One line.\nAnd another. B was here.", pane);
  await sound(page);
  await wipe(page);
  await page.close();
});

test("the document outlives the server; typing goes on without it", async () => {
  const page = await open("Cid");
  await write(page, "Kept.");
  await until(serverText, "Kept.", "what the server has");
  await s.stop();
  await lamp(page, "waiting");
  await write(page, " And this.");
  await write(page, "z".repeat(600)); // more keys than are kept one by one
  page.errors = []; // the browser logs what it could not reach
  await s.start();
  await again(page);
  await saved(page);
  const late = await open("Dan");
  await reads(late, "Kept. And this." + "z".repeat(600));
  await sound(late);
  await late.close();
  await wipe(page);
  await page.close();
});

test("two pages agree on what the log comes to, and it is dropped; a liar is not believed; typing goes on", async () => {
  const a = await open("Eve");
  const liar = await robot();
  deaf(liar, "here", "at", "left", "merged", "update");
  let asked = 0;
  liar.on("merge", () => (asked++, Y.encodeStateAsUpdate(new Y.Doc())));
  const { content } = await liar.invoke("Enter", "Liar", "", 0);
  const doc = new Y.Doc();
  for (const e of [content.base, ...content.log]) if (e.data?.length) Y.applyUpdate(doc, e.data);
  const updates = [];
  doc.on("update", (u) => updates.push(u));
  for (let i = 0; i < 120; i++) doc.getText("text").insert(0, String(i % 10));
  for (const u of updates) while (!(await liar.invoke("Update", u).catch((e) => void assert.match(String(e), /That was fast/)))) await new Promise((go) => setTimeout(go, 100));
  const whole = doc.getText("text").toString();
  await reads(a, whole);
  const log = (page) => page.textContent("#kept").then((t) => Number(/(\d+) change/.exec(t)?.[1] ?? -1));
  await until(() => asked > 0, true, "the liar was asked, since there are two");
  const before = asked;
  await write(a, "!"); // whatever the liar has said, the text is whole
  await until(() => asked > before, true, "the liar was asked again, so the first asking is over");
  assert.ok((await log(a)) >= 120, "the log was dropped for one liar"); // while no third one is here, who agrees with the first
  const b = await open("Fay");
  await reads(b, whole + "!");
  await liar.stop();
  await write(a, "typed while they agree");
  await reads(b, whole + "!typed while they agree");
  for (const page of [a, b]) await until(async () => (await log(page)) < 60, true, "the log was merged");
  await b.close();

  // Once more, with a page and a client in Node, which fetches the base while it is asked.
  const honest = await robot();
  deaf(honest, "here", "at", "left");
  const kept = new Map(), merged = new Promise((done) => honest.on("merged", done));
  honest.on("update", (e) => kept.set(e.seq, e.data.slice()));
  honest.on("merge", async (from, last) => {
    const base = await honest.invoke("Base");
    assert.equal(base.seq, from);
    const sum = new Y.Doc();
    Y.applyUpdate(sum, base.data);
    for (let n = from + 1; n <= last; n++) Y.applyUpdate(sum, kept.get(n));
    return Y.encodeStateAsUpdate(sum);
  });
  for (const e of (await honest.invoke("Enter", "Honest", "", 0)).content.log) kept.set(e.seq, e.data.slice());
  for (let i = 0; i < 5; i++) {
    const long = new Y.Doc();
    long.getText("text").insert(0, String(i).repeat(14_000));
    const update = Y.encodeStateAsUpdate(long);
    kept.set(await honest.invoke("Update", update), update);
  }
  assert.ok((await merged) > 120);
  await until(() => log(a), 0, "the log after the second merging");
  await honest.stop();
  const all = await serverText(); // long lines are not drawn whole
  assert.ok(all.includes(whole + "!typed while they agree"));
  await s.stop();
  a.errors = [];
  await s.start();
  await again(a);
  await saved(a);
  assert.equal(await serverText(), all, "after the restart");
  await wipe(a);
  await a.close();
});

test("a writer over long polling is heard, and hears", async () => {
  const page = await open("Ida"), other = await robot(HttpTransportType.LongPolling);
  deaf(other, "here", "at", "left", "merged");
  const doc = new Y.Doc();
  const got = new Promise((done) => other.on("update", (e) => {
    Y.applyUpdate(doc, e.data);
    if (doc.getText("text").toString().endsWith("ping")) done();
  }));
  const { content } = await other.invoke("Enter", "Poll", "", 0);
  for (const e of [content.base, ...content.log]) if (e.data?.length) Y.applyUpdate(doc, e.data);
  await write(page, "ping");
  await got;
  const before = Y.encodeStateVector(doc);
  doc.getText("text").insert(4, " pong");
  await other.invoke("Update", Y.encodeStateAsUpdate(doc, before));
  await reads(page, "ping pong");
  await other.stop();
  await wipe(page);
  await page.close();
});

test("abuse is answered politely and hurts nobody else", async () => {
  const page = await open("<img src=x onerror=alert(1)>");
  await write(page, "calm");
  await saved(page);
  const raw = await robot();
  deaf(raw, "here", "at", "left", "merged", "update");
  await assert.rejects(raw.invoke("Update", new Uint8Array([0, 0])), /Enter first/);
  await raw.invoke("Enter", "Raw", "", 0);
  const formatted = new Y.Doc();
  formatted.getText("text").insertEmbed(0, { evil: true });
  for (const garbage of [new Uint8Array([1, 2, 3]), new Uint8Array(1000).fill(255), Y.encodeStateAsUpdate(formatted)])
    await assert.rejects(raw.invoke("Update", garbage), /no change of a plain text/);
  await assert.rejects(raw.invoke("Update", new Uint8Array(100_000)), /too much at once/);
  await assert.rejects(raw.invoke("Update", NaN));
  await flood(2000, () => raw.invoke("Update", new Uint8Array([0, 0])), { told: /That was fast/, burst: 60, each: 50 });
  await raw.send("At", new Uint8Array(150).fill(7)); // no cursor
  const closed = new Promise((done) => raw.onclose(done));
  await assert.rejects(raw.invoke("Update", new Uint8Array(1_000_000)));
  await closed; // a message of 1 MB ends its own connection
  await page.evaluate(() => {
    const paste = new DataTransfer();
    paste.setData("text/plain", "x".repeat(20_000));
    document.getElementById("paper").shadowRoot.querySelector(".cm-content").dispatchEvent(new ClipboardEvent("paste", { clipboardData: paste, bubbles: true, cancelable: true }));
  });
  await page.waitForSelector('#problem:has-text("At most 15,000 characters")');
  await shoot(page, "document-refused", { check: false });
  const other = await open("Jon");
  assert.equal(await other.locator("#people img").count(), 0, "a script in a name is a text");
  await reads(other, "calm");
  await write(other, " and well");
  await reads(page, "calm and well");
  await sound(page);
  await wipe(page);
  await page.close();
  await other.close();
});
