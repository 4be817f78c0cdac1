// The functional suite: run by Node and, the same file, by a page in Chromium.
// A place says where: { url, secure, browser, WebSocket, XhrHttpClient, get(path) }.
import { Clients, combinations } from "./clients.mjs";
import { hubCases } from "./hub.mjs";
import { otherCases } from "./other.mjs";

/** All titles at a place. */
export function titles(browser) {
  return [...combinations(browser).flatMap((c) => Object.keys(hubCases).map((t) => `${c.name}: ${t}`)), ...Object.keys(otherCases)];
}

/** Runs the case with this title. */
export async function run(title, place) {
  const c = combinations(place.browser).find((c) => title.startsWith(`${c.name}: `));
  const clients = new Clients(place, c);
  try {
    await (c ? hubCases[title.slice(c.name.length + 2)] : otherCases[title])(clients);
  } finally {
    await clients.stop();
  }
}
