import code from "drawer:dashboard";
import { clock, el, make, paced } from "../kit/dom";
import { connect } from "../kit/line";
import { suggestedName } from "../kit/names";
import { startPage } from "../kit/page";
import { explain } from "../kit/patience";
import { Bars } from "./bars";
import { Chart } from "./chart";
import { Devices } from "./devices";
import { ownDevice } from "./own";
import { mostBytes, Upload } from "./upload";
import { type LogLine, type View, watch } from "./watch";
import "./dashboard.css";

const maxLines = 200;

const bars = new Bars(el("bars"), el("no-bars"), el("delays-text"));
const devices = new Devices(el("devices"), el("no-devices"));
const chart = new Chart(el("chart"));
const log = el("log");
const wanted = el<HTMLInputElement>("wanted");
const text = (id: string, value: string | number) => (el(id).textContent = String(value));

// ---- figures ---------------------------------------------------------------

interface All {
  lines: number;
  rate: number;
  slow: number;
}

let all: All | undefined; // of the whole server

const showAll = paced(250, (view?: All) => {
  all = view;
  text("lines", view?.lines ?? "–");
  text("rate", view?.rate ?? "–");
  text("slow", view?.slow || "–");
});

function show(v: View) {
  if (v.past) chart.past(v.past.map((p) => p.readings));
  else chart.push(all?.rate ?? null, v.point.readings, all?.lines ?? null);
  text("wait", v.point.wait < 1 ? v.point.wait.toFixed(2) : v.point.wait.toFixed(1));
  text("goroutines", v.point.goroutines);
  text("heap", (v.point.heap / 1e6).toFixed(1));
  text("count", v.list.length);
  text("readings", v.point.readings.toFixed(v.point.readings < 10 ? 1 : 0));
  bars.show(v.limits, v.delays);
  devices.show(v.list, v.point.at);
  if (document.activeElement !== wanted) wanted.value = String(v.wanted);
  text("wanted-text", document.activeElement === wanted ? wanted.value : v.wanted);
}

function logLine(l: LogLine) {
  if (anew) {
    anew = false;
    shown = 0;
    log.replaceChildren();
  }
  if (l.n <= shown) return; // it was followed before it was paused
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  if (shown && l.n > shown + 1) log.append(make("p", "quiet", `… ${l.n - shown - 1} lines were missed`));
  shown = l.n;
  const row = make("p", l.level.toLowerCase());
  row.append(make("time", "", clock(new Date(l.at))), ` ${l.text}`);
  log.append(row);
  while (log.childElementCount > maxLines) log.firstElementChild!.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}
let shown = 0; // number of the last line
let anew = false; // the line was cut: the last lines come again, perhaps of a server that counts anew

function down() {
  anew = true;
  for (const id of ["wait", "goroutines", "heap", "count", "readings", "wanted-text"]) text(id, "–");
  devices.show([], 0);
  el("no-devices").hidden = true;
  setSending(false);
}

const { line, follow, pause } = watch(el("lamp"), { view: show, logLine, down });

const gallery = connect("/galleryHub", {
  lamp: el("lamp-all"),
  up: () => gallery.stream<All>("Figures").subscribe({ next: showAll, error: () => {}, complete: () => {} }),
  down: () => showAll(),
});

// ---- what people do ----------------------------------------------------------

wanted.addEventListener("input", () => text("wanted-text", wanted.value));
wanted.addEventListener("change", async () => {
  try {
    await line.invoke("Simulate", Number(wanted.value));
    wanted.blur();
  } catch (error) {
    text("problem", explain(error));
  }
});

el("follow").addEventListener("click", ({ currentTarget }) => {
  const b = currentTarget as HTMLButtonElement;
  const on = b.getAttribute("aria-pressed") !== "true";
  b.setAttribute("aria-pressed", String(on));
  b.textContent = on ? "Pause" : "Follow";
  if (on) follow();
  else pause();
});

let size = 0;
const told = paced(100, (received: number) => {
  if (!size) return;
  el<HTMLProgressElement>("progress").value = received / size;
  text("said", `The server has ${mega(received)} of ${mega(size)}.`);
});
const upload = new Upload(line, told);
const mega = (n: number) => `${(n / 1e6).toFixed(n < 1e7 ? 2 : 1)} MB`;

function setSending(on: boolean) {
  for (const id of ["send", "sample", "file"]) el<HTMLButtonElement>(id).disabled = on;
  el("stop").hidden = !on;
}

async function send(name: string, file: Blob) {
  text("problem", "");
  if (file.size > mostBytes) return void text("problem", `${name} has ${mega(file.size)}. A file has at most 64 MB here.`);
  setSending(true);
  size = file.size;
  const progress = el<HTMLProgressElement>("progress");
  progress.value = 0;
  try {
    const r = await upload.send(name, file);
    size = 0;
    progress.value = 1;
    text("said", `${mega(r.bytes)} in ${Math.round(r.took)} ms. SHA-256 ${r.sha256.slice(0, 16)}…${await same(file, r.sha256)}`);
  } catch (error) {
    size = 0;
    progress.value = 0;
    text("said", "Nothing was kept.");
    text("problem", explain(error, "The line was cut before the file was there. Send it again."));
  } finally {
    setSending(false);
  }
}

/** Compares with the hash that this browser makes; browsers lend that to pages over HTTPS or from this machine only. */
async function same(file: Blob, hex: string): Promise<string> {
  if (!crypto.subtle) return "";
  const mine = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return [...mine].map((b) => b.toString(16).padStart(2, "0")).join("") === hex ? ", the same as here." : ", which differs from the file here!";
}

el("form").addEventListener("submit", (e) => {
  e.preventDefault();
  const file = el<HTMLInputElement>("file").files?.[0];
  if (file) void send(file.name, file);
  else text("problem", "Choose a file first, or send some noise.");
});
el("sample").addEventListener("click", () => {
  const noise = new Uint8Array(8_000_000);
  for (let at = 0; at < noise.length; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
  void send("noise", new Blob([noise]));
});
el("stop").addEventListener("click", () => upload.stop());

text("address", `${location.origin.replace("http", "ws")}/devices`);
ownDevice(suggestedName());
startPage(code);
