// A headless Chromium with an eye on the console.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";

/** Opens Chromium, with playwright's options. Pages it makes note every console error and every uncaught one in `errors`. */
export async function launch(options) {
  const dir = await mkdtemp(path.join(tmpdir(), "switchboard-chromium-"));
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
      await rm(dir, { recursive: true, force: true, maxRetries: 5 }); // a process of the browser may end last, and write
    },
  };
}
