// What every page's test stands on: a server of its own on a free port, a
// headless Chromium, an eye on the console, axe, screenshots, and a client in
// Node for whoever does not keep to the page.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { launch } from "./browser.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const shots = path.join(root, "out/screenshots");
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Gives a test file its server and its browser, started before its tests and
 * ended after them. Call it once, at the top of the file.
 */
export function stage() {
  const s = new Stage();
  before(() => s.begin());
  after(() => s.end());
  return s;
}

class Stage {
  async begin() {
    this.data = await mkdtemp(path.join(tmpdir(), "switchboard-test-"));
    await mkdir(shots, { recursive: true });
    await this.start();
    this.browser = await launch();
    this.context = this.browser.context;
    this.context.setDefaultTimeout(45_000); // a busy machine may be slow; what never comes fails all the same
  }

  async end() {
    await this.browser?.close();
    await this.stop();
    await rm(this.data, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Starts the server; a second time on the same port, with the same data. */
  async start() {
    const begin = () => serve(this.server?.port ?? 0, path.join(this.data, "server"));
    this.server = await begin().catch(async (error) => {
      if (!this.server) throw error;
      await new Promise((go) => setTimeout(go, 1000)); // somebody's passing socket may have our port
      return begin();
    });
    this.url = this.server.url;
  }

  /** Ends the server as Ctrl-C does; it must end cleanly. */
  async stop() {
    if (!this.server?.running()) return;
    assert.equal(await this.server.stop(), 0, "the server ends cleanly");
  }

  /** Begins with another server, on another port: Node's fetch may hold sockets to the one that ended. */
  async anew() {
    await this.stop();
    this.server = undefined;
    await this.start();
  }

  /** Opens a page ({ width, height, scheme }). What goes wrong in it is kept in page.errors. */
  open(where, o) {
    return this.browser.page(this.url + where, o);
  }

  /** Opens a page and waits until its (first) lamp is green. */
  async openUp(where, o) {
    const page = await this.open(where, o);
    await lamp(page, "connected");
    return page;
  }

  /** A client in Node, started: for abuse, and for crowds. */
  async client(hub, { transport, protocol } = {}) {
    const builder = new HubConnectionBuilder().withUrl(this.url + hub, { transport }).configureLogging(LogLevel.None);
    if (protocol) builder.withHubProtocol(protocol);
    const c = builder.build();
    await c.start();
    return c;
  }
}

function serve(port, data) {
  return new Promise((yes, no) => {
    const child = spawn(path.join(root, "bin/switchboard"), ["serve", "--addr", `localhost:${port}`, "--data", data, "--admin-addr", "none"], { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (d) => {
      out += d;
      const url = /listening on (http:\S+)/.exec(out)?.[1];
      if (url) yes({ url, port: +new URL(url).port, running: () => child.exitCode === null, stop: () => stop(child) });
    });
    child.on("exit", (code) => no(new Error(`the server ended with code ${code} before it listened`)));
  });
}

function stop(child) {
  return new Promise((done) => {
    child.removeAllListeners("exit");
    child.on("exit", (code) => done(code));
    child.kill("SIGTERM");
  });
}

const ofPane = (id, pane) => (pane === 1 ? `#${id}` : `#${id}-${pane}`);

/** Waits for a lamp: "connecting", "waiting", "connected", "refused", "closed". */
export const lamp = (page, state, pane = 1, timeout) => page.waitForSelector(`${ofPane("lamp", pane)}[data-state="${state}"]`, { timeout });

/** Waits until a lamp says a text. */
export const lampSays = (page, text, pane = 1) => page.waitForSelector(`${ofPane("lamp", pane)}:has-text("${text}")`);

/** Opens the second client of the page and waits until it is connected. */
export async function second(page) {
  await page.click('button:text-is("Open a second client")');
  await lamp(page, "connected", 2);
}

/** Cuts a pane's line, or plugs it in again. */
export const cut = (page, pane = 1) => page.click(`button[aria-label="Cut the line of client ${pane}"]`);
export const mend = (page, pane = 1) => page.click(`button[aria-label="Plug in again of client ${pane}"]`);

/** Presses "Try now" of a lamp, unless the line has come back by itself meanwhile, and waits for the green. */
export async function again(page, id = "lamp") {
  await page.evaluate((id) => document.querySelector(`#${id} button:not([hidden])`)?.click(), id); // looked at and pressed at one moment
  await page.waitForSelector(`#${id}[data-state="connected"]`);
}

/**
 * Makes so many calls at once and holds the answers against the limit: a
 * burst, and then one in each so many ms. How long the calls take is the
 * machine's business, so what may pass is reckoned from the time they took.
 */
export async function flood(n, call, { told, burst, each }) {
  const from = performance.now();
  const answers = [];
  while (answers.length < n) // by the thousand: who asks much more than it reads is cut off
    answers.push(...(await Promise.allSettled(Array.from({ length: Math.min(1000, n - answers.length) }, (_, i) => call(answers.length + i)))));
  const most = burst + Math.ceil((performance.now() - from) / each);
  const passed = answers.filter((one) => !told.test(one.reason?.message));
  assert.ok(passed.length <= most, `${passed.length} of ${n} calls passed, ${most} may; one that did: ${JSON.stringify(passed.at(-1)?.value ?? String(passed.at(-1)?.reason))}`);
  assert.ok(passed.length < n, "nothing was refused");
  return answers;
}

/**
 * Sends texts with the page's form, each as soon as the one before is
 * answered, until an element says that it was too fast. No hand and no remote
 * control is as quick, and on a slow machine they are not quick enough.
 */
export async function overdo(page, element, says) {
  await page.bringToFront(); // the timers of a page behind run once a second
  const tries = await page.evaluate(
    async ([element, says]) => {
      const text = document.getElementById("text");
      const refused = () => document.getElementById(element).textContent.includes(says);
      let i = 0;
      for (; i < 500 && !refused(); i++) {
        text.value = `flood ${i}`;
        document.getElementById("form").requestSubmit();
        for (const end = Date.now() + 30_000; text.value && !refused() && Date.now() < end; ) await new Promise((go) => setTimeout(go, 2));
      }
      return refused() ? i : -1;
    },
    [element, says],
  );
  assert.ok(tries > 0, "it was never too fast");
}

/**
 * What a connection sends last may find nothing of it on the server, which the
 * browser logs: the client's own Close message and the end of its carrier are
 * two requests, except over WebSockets, and race.
 */
export const forgiveLost = (page) => (page.errors = page.errors.filter((e) => !/status of 404/.test(e)));

/** What every page must be, at any time: no error in the console, nothing serious for axe, no overflow. */
export async function sound(page) {
  assert.deepEqual(page.errors, [], "errors in the console");
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await globalThis.axe.run()).violations);
  const serious = found.filter((v) => v.impact === "serious" || v.impact === "critical");
  assert.deepEqual(serious.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" | ")}`), [], "serious issues for axe");
  const { wide, view } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, view: document.documentElement.clientWidth }));
  assert.ok(wide <= view, `the page is ${wide} pixels wide in ${view}`);
  if (view <= 400) assert.deepEqual(await page.evaluate(smallTargets), [], "targets under 40 pixels");
}

/** What can be pressed and is too small for a finger. A box in a label is as large as the label. */
function smallTargets() {
  const targets = [...document.querySelectorAll("button, select, summary, textarea, input:not([type=checkbox]):not([type=radio]), label.check, [role=button], [role=tab], [role=slider]")];
  return targets
    .map((e) => ({ e, box: e.getBoundingClientRect() }))
    .filter(({ e, box }) => e.checkVisibility() && box.width > 0 && (box.height < 39.5 || box.width < 39.5))
    .map(({ e, box }) => `${e.outerHTML.slice(0, 80)}: ${Math.round(box.width)} x ${Math.round(box.height)}`);
}

/** Takes the view in both widths and both looks, and checks each with sound(). Files: out/screenshots/NAME-WIDTH-LOOK.png */
export async function shoot(page, name, { check = true } = {}) {
  const before = page.viewportSize();
  for (const [width, height] of [[1280, 900], [390, 844]])
    for (const scheme of ["dark", "light"]) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.screenshot({ path: path.join(shots, `${name}-${width}-${scheme}.png`), fullPage: true });
      if (check) await sound(page);
    }
  await page.setViewportSize({ width: 320, height: 640 });
  if (check) await sound(page);
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.setViewportSize(before);
}

/** The bytes of the files that a page loads until it is connected, as the server sends them. */
export async function weigh(page, url) {
  const parts = new Set();
  const note = (r) => /\/$|\.(js|css|woff2)$/.test(new URL(r.url()).pathname) && r.method() === "GET" && parts.add(r.url());
  page.on("request", note);
  await page.goto(url);
  await lamp(page, "connected");
  await page.evaluate(() => document.fonts.ready);
  page.off("request", note);
  const sizes = [...parts].map(async (part) => {
    const answer = await fetch(part, { headers: { "Accept-Encoding": "gzip" } });
    await answer.arrayBuffer();
    return Number(answer.headers.get("content-length"));
  });
  return (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
}
