// A headless Chromium, a server of our own, and an eye on the console.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const shots = path.join(root, "out/screenshots");

/** Starts bin/switchboard; port 0 takes a free one. */
export function serve(port = 0) {
  return new Promise((yes, no) => {
    const child = spawn(path.join(root, "bin/switchboard"), ["serve", "--addr", `localhost:${port}`], { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (d) => {
      out += d;
      const url = /listening on (http:\S+)/.exec(out)?.[1];
      if (url) yes({ url, port: +new URL(url).port, stop: () => stop(child) });
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

/** Opens Chromium, with playwright's options. Pages it makes note every console error and every uncaught one in `errors`. */
export async function launch(options) {
  const dir = await mkdtemp(path.join(tmpdir(), "switchboard-chromium-"));
  await mkdir(shots, { recursive: true });
  const context = await chromium.launchPersistentContext(dir, {
    ...options,
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  return {
    context,
    async page(url, { width = 1280, height = 900, scheme = "dark" } = {}) {
      const page = await context.newPage();
      page.errors = [];
      page.on("console", (m) => m.type() === "error" && page.errors.push(m.text()));
      page.on("pageerror", (e) => page.errors.push(String(e)));
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.goto(url);
      return page;
    },
    async close() {
      await context.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Takes the same view in both widths and both schemes. */
export async function shoot(page, name) {
  for (const [width, height] of [[1280, 900], [390, 844]])
    for (const scheme of ["dark", "light"]) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.screenshot({ path: path.join(shots, `${name}-${width}-${scheme}.png`), fullPage: true });
    }
  await page.setViewportSize({ width: 1280, height: 900 });
}

export const state = (page, want) => page.waitForSelector(`#lamp[data-state="${want}"]`);
export const lampSays = (page, text) => page.waitForFunction((t) => document.getElementById("lamp").textContent.includes(t), text);
