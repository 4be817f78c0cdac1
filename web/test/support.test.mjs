import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { HttpTransportType } from "@microsoft/signalr";
import { again, cut, flood, lamp, mend, second, shoot, sound, stage } from "./harness.mjs";

const s = stage();

const sit = async (page, name, role, pane = "") => {
  if (!(await page.isChecked(`#${role}${pane}`))) await page.check(`#${role}${pane}`);
  await page.fill(`#name${pane}`, name);
  await page.press(`#name${pane}`, "Tab");
  if (role === "help") {
    await page.waitForSelector(`#agents${pane} li:has-text("${name} (you)")`);
    if ((await page.getAttribute(`#duty${pane}`, "aria-pressed")) === "false") await page.click(`#duty${pane}`);
    await page.waitForSelector(`#agents${pane} li:has-text("${name} (you)"):has-text("on duty")`);
  }
};
const open = async (name, role) => {
  const page = await s.openUp("/support/");
  await sit(page, name, role);
  return page;
};
const say = async (page, text, pane = "") => {
  await page.fill(`#text${pane}`, text);
  await page.press(`#text${pane}`, "Enter");
};
const reads = (page, text, pane = "") => page.waitForSelector(`#log${pane} :text-is("${text}")`);
const leave = async (page) => {
  if (await page.isVisible("#close")) await page.click("#close");
  await page.close();
};

test("both sides in one page: asked, accepted, talked, closed, saved", async () => {
  const page = await s.openUp("/support/");
  await page.waitForSelector('#standing:has-text("No agent is on duty")');
  await shoot(page, "support-empty", { check: false });
  await sit(page, "Cleo", "ask");
  await say(page, "My line is <b>dead</b>.");
  await page.waitForSelector('#standing:has-text("You are number 1 in the queue.")');
  await second(page);
  await sit(page, "Ada", "help", "-2");
  await page.waitForSelector('#offer-2:has-text("Cleo needs help"):has-text("My line is <b>dead</b>."):has-text("s left")');
  await shoot(page, "support-asked");
  await page.click("#accept-2");
  await reads(page, "Ada has taken over.");
  await page.waitForSelector('#standing:text-is("An agent is with you.")');
  await reads(page, "My line is <b>dead</b>.", "-2");
  await say(page, "Is it plugged in?", "-2");
  await reads(page, "Is it plugged in?");
  await say(page, "It was not.");
  await reads(page, "It was not.", "-2");
  await shoot(page, "support-busy", { check: false });
  await cut(page, 1);
  await lamp(page, "waiting", 1);
  await say(page, "One moment.", "-2");
  await reads(page, "One moment.", "-2");
  await shoot(page, "support-cut", { check: false });
  await mend(page, 1);
  await lamp(page, "connected", 1);
  await reads(page, "One moment."); // the seat is still ours, and nothing is missing
  await page.click("#close-2");
  await reads(page, "Ada has closed the case.");
  const saving = page.waitForEvent("download");
  await page.click("#save");
  const text = await readFile(await (await saving).path(), "utf8");
  for (const line of ["Cleo (customer): My line is <b>dead</b>.", "* Ada has taken over.", "Ada (agent): Is it plugged in?", "* Ada has closed the case."]) assert.ok(text.includes(line), `${line} in:\n${text}`);
  await page.waitForSelector('#label:text-is("Ask something else")');
  await sound(page);
  await page.close();
});

test("who declines is passed, who loses the line is passed; the next agent gets the case", async () => {
  const a = await open("Ann", "help"), b = await open("Ben", "help"), c = await open("Cy", "ask");
  await say(c, "Next, please");
  const [first, other] = await Promise.race([a.waitForSelector("#offer:visible").then(() => [a, b]), b.waitForSelector("#offer:visible").then(() => [b, a])]);
  await first.click("#decline");
  await other.waitForSelector('#offer:has-text("Cy needs help")');
  await other.click("#accept");
  await other.waitForSelector("#log .news.staff:has-text('declined. (agents only)')");
  assert.equal(await c.locator(".staff").count(), 0, "what is for agents only");

  // Over to the first one, who is asked as well.
  const name = await first.inputValue("#name");
  await other.selectOption("#to", { label: name });
  await other.click("#give");
  await first.waitForSelector(`#offer:has-text("${await other.inputValue("#name")} hands over Cy")`);
  await first.click("#accept");
  await reads(c, `${name} has taken over.`);
  await other.waitForSelector('#title:text-is("No case")');
  await say(first, "I have read everything");
  await reads(c, "I have read everything");
  await shoot(first, "support-handed", { check: false });

  // An agent who leaves gives the case back, and the next one is asked.
  await first.check("#ask");
  await other.waitForSelector('#offer:has-text("Cy needs help")');
  await leave(c);
  await other.waitForSelector("#offer", { state: "hidden" }); // the question is withdrawn with the case
  for (const page of [a, b]) await page.close();
});

for (const [transport, kind] of [["Server-Sent Events", HttpTransportType.ServerSentEvents], ["long polling", HttpTransportType.LongPolling]])
  test(`an agent can be asked over ${transport}`, async () => {
    const page = await open("Dee", "ask");
    const agent = await s.client("/supportHub", { transport: kind });
    const asked = new Promise((done) => agent.on("accept", (q) => (done(q), true)));
    const got = new Promise((done) => agent.on("case", done));
    for (const quiet of ["entry", "board", "gone", "withdrawn"]) agent.on(quiet, () => {});
    await agent.invoke("Enter", "agent", "Robot", `key of ${transport}`.padEnd(20, "x"));
    await agent.invoke("Duty", true);
    await say(page, `over ${transport}`);
    assert.equal((await asked).text, `over ${transport}`);
    assert.equal((await got).customer, "Dee");
    await reads(page, "Robot has taken over.");
    await agent.invoke("Duty", false);
    await leave(page);
    await agent.stop();
  });

test("abuse is answered politely and hurts nobody else", async () => {
  const agent = await open("Eli", "help"), rude = await open("<img src=x onerror=alert(1)>", "ask");
  await rude.fill("#text", "x".repeat(20_000));
  await rude.press("#text", "Enter");
  await rude.waitForSelector('#problem:has-text("at most 1000 characters; this one has 20000")');
  await say(rude, "<script>alert(1)</script>");
  await agent.click("#accept");
  await agent.waitForSelector('#title:has-text("<img src=x")');
  assert.equal(await agent.locator("#cases img, #log script").count(), 0, "scripts are texts");
  const raw = await s.client("/supportHub");
  for (const quiet of ["place", "entry", "board"]) raw.on(quiet, () => {});
  await assert.rejects(raw.invoke("Say", 1, "x"), /Take a seat first/);
  await assert.rejects(raw.invoke("Enter", "customer", "Raw", "short"), /out of date/);
  await raw.invoke("Enter", "customer", "Raw", "x".repeat(30));
  await assert.rejects(raw.invoke("Take", 1001), /Only for the agent/);
  await assert.rejects(raw.invoke("Say", NaN, "x"));
  const calls = await flood(2000, () => raw.invoke("Open", "x"), { told: /That was fast/, burst: 20, each: 250 });
  assert.equal(calls.filter((c) => c.status === "fulfilled").length, 1);
  await raw.stop();
  await say(agent, "still here");
  await reads(rude, "still here");
  await sound(agent);
  await leave(rude);
  await agent.close();
});

test("after a restart nobody waits for nothing", async () => {
  const page = await open("Fay", "ask");
  await say(page, "Will you remember me?");
  await reads(page, "Will you remember me?");
  await s.stop();
  await lamp(page, "waiting");
  await s.start();
  await again(page);
  await reads(page, "The desk no longer has this case. Ask again, please.");
  await say(page, "Again, then");
  await page.waitForSelector('#standing:has-text("You are number 1 in the queue.")');
  await page.close();
});
