// The functional suite in a page of another origin, in Chromium.
import { after, before, test } from "node:test";
import { launch } from "../../../web/test/browser.mjs";
import { titles } from "../functional/cases.mjs";
import { serve } from "../functional/page.mjs";
import { start } from "./server.mjs";

let site, server, browser, page;
before(async () => {
  site = await serve();
  server = await start(0, { tls: true, origins: [site.url] });
  const timeout = 180_000; // Chromium may take long to start beside everything else
  browser = await launch({ ignoreHTTPSErrors: true, timeout });
  browser.context.setDefaultTimeout(timeout);
  page = await browser.page(site.url);
  await page.waitForFunction(() => window.run);
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await site?.stop();
});

for (const title of titles(true)) test(`Chromium: ${title}`, () => page.evaluate(([t, s]) => window.run(t, s), [title, { url: server.url, secure: server.secure }]));
