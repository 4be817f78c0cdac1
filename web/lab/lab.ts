import code from "drawer:lab";
import { HttpTransportType as T } from "@microsoft/signalr";
import { el } from "../kit/dom";
import { otherName } from "../kit/here";
import { startPage } from "../kit/page";
import { Chart } from "./chart";
import { Clock } from "./clock";
import { HubLine } from "./hubline";
import { Poller } from "./poller";
import { Way } from "./way";
import { Weather, type Way as Blocked } from "./weather";
import type { Wishes } from "./wishes";
import "./lab.css";

const weather = new Weather();
const clock = new Clock();
const wishes: Wishes = { rate: 5, size: 0, every: 1000, heal: false, stateful: false };

const polling = new Way("poll", "Polling", "lamp-poll", "cord-1");
const longPolling = new Way("lp", "Long polling", "lamp-lp", "cord-2");
const events = new Way("sse", "Server-Sent Events", "lamp-sse", "cord-3");
const sockets = new Way("ws", "WebSockets", "lamp", "cord-4");
const ways = [polling, longPolling, events, sockets];
el("ways").append(...ways.map((way) => way.root));

/** Each hub line may fall back to what stands left of it. Two of them go under the other name: a browser opens six connections to one. */
async function open() {
  const other = await otherName();
  const hub = (way: Way, origin: string, transports: T) =>
    (way.line = new HubLine(`${origin}/labHub`, transports, way.lamp, weather, clock, wishes));
  polling.line = new Poller(polling.lamp, weather, clock, wishes);
  hub(longPolling, other, T.LongPolling);
  hub(events, other, T.LongPolling | T.ServerSentEvents);
  hub(sockets, "", T.LongPolling | T.ServerSentEvents | T.WebSockets);
  el("names").textContent =
    "Bytes are about right: bodies and frames as they come and go, with the heads of requests and answers as measured once for this browser. " +
    (other
      ? `Long polling and Server-Sent Events run under ${new URL(other).hostname}, the rest under ${location.hostname}: a browser opens six connections to one name.`
      : "All lines share this server's one name, for which a browser opens six connections: at most three of them are long answers here.");
  await clock.set().catch(() => {}); // ages are off by the clocks' difference then
  for (const way of ways) void way.line.restart();
}

const news = (text: string) => (el("news").textContent = text);

function listen() {
  const cut = el<HTMLButtonElement>("cut");
  cut.addEventListener("click", () => {
    weather.cut(!weather.isCut);
    cut.textContent = weather.isCut ? "Mend the network" : "Cut the network";
    cut.classList.toggle("wanted", weather.isCut);
    news(weather.isCut ? "The network is cut. Nothing gets through until you mend it." : "Mended. Every line connects again.");
    if (!weather.isCut) for (const way of ways) void way.line.restart();
  });
  el("blink").addEventListener("click", () => {
    weather.breakOnce();
    news("All connections are broken. New ones get through.");
  });
  el<HTMLSelectElement>("slow").addEventListener("change", ({ target }) => {
    weather.delay = Number((target as HTMLSelectElement).value);
    news(weather.delay ? `Everything takes ${weather.delay} ms longer, each way.` : "Nothing is slowed.");
  });
  block("block-ws", "WebSockets", [sockets]);
  block("block-sse", "ServerSentEvents", [events, sockets]);
  block("block-lp", "LongPolling", [longPolling, events, sockets]);
}

function block(id: string, way: Blocked, users: Way[]) {
  const label = { WebSockets: "WebSockets", ServerSentEvents: "event streams", LongPolling: "long polls" }[way];
  const box = el<HTMLInputElement>(id);
  box.addEventListener("change", () => {
    weather.block(way, box.checked);
    news(box.checked ? `No ${label} get through. Whoever used them takes the next that does.` : `Let through again: ${label}.`);
    if (!box.checked) for (const one of users) void one.line.restart(); // perhaps there is a better way now
  });
}

function wish() {
  const number = (id: "rate" | "size" | "every", then: () => void) => {
    const select = el<HTMLSelectElement>(id);
    wishes[id] = Number(select.value);
    select.addEventListener("change", () => {
      wishes[id] = Number(select.value);
      then();
    });
  };
  const anew = () => {
    for (const way of ways) void way.line.choose();
  };
  number("rate", anew);
  number("size", anew);
  number("every", () => void polling.line.choose());
  el("anew").addEventListener("click", anew);
  for (const id of ["heal", "stateful"] as const) {
    const box = el<HTMLInputElement>(id);
    wishes[id] = box.checked;
    box.addEventListener("change", () => {
      wishes[id] = box.checked;
      if (id === "stateful") void sockets.line.restart();
    });
  }
}

wish();
listen();
await open();
const chart = new Chart(el("chart"), ways);
let last = clock.now();
setInterval(() => {
  const now = clock.now();
  chart.note(last);
  last = now;
  for (const way of ways) way.show(now);
}, 500);
startPage(code);
