import code from "drawer:raw";
import { clock, el, make } from "../kit/dom";
import { Lamp } from "../kit/lamp";
import { startPage } from "../kit/page";
import { open } from "./line";
import "./raw.css";

const maxLines = 300;
const maxShown = 400; // characters of one frame

const frames = el<HTMLTableSectionElement>("frames");
const empty = el("empty");
const problem = el("problem");
const kind = el<HTMLSelectElement>("kind");
const payload = el<HTMLInputElement>("payload");
const connect = el<HTMLButtonElement>("connect");
const closeCode = el<HTMLInputElement>("code");
const closeReason = el<HTMLInputElement>("reason");
const lamp = new Lamp(el("lamp"), () => dial());

let socket: WebSocket | undefined;
let from = 0;

function dial() {
  lamp.show("connecting", "Connecting…");
  connect.disabled = true;
  const mine = open({
    onOpen() {
      lamp.show("connected", "Connected over WebSockets");
      connect.textContent = "Hang up";
      connect.disabled = false;
      problem.textContent = "";
    },
    onFrame(data) {
      add("in", data);
      if (from) lamp.figure(`${Math.max(1, Math.round(performance.now() - from))} ms`);
      from = 0;
    },
    onClose(code, reason, clean) {
      if (mine !== socket) return;
      socket = undefined;
      connect.textContent = "Connect";
      connect.disabled = false;
      lamp.show(clean ? "closed" : "refused", clean ? `Closed with code ${code}${reason ? `: ${reason}` : ""}` : "Line cut. Connect again when you like.");
      note(`closed: code ${code}${reason ? `, "${reason}"` : ""}${clean ? "" : ", not clean"}`);
    },
  });
  socket = mine;
}

function hangUp() {
  const code = Number(closeCode.value || 1000);
  try {
    socket?.close(code, closeReason.value);
    problem.textContent = "";
  } catch {
    problem.textContent = "Browsers may close with 1000 or 3000 to 4999 only, and a reason of at most 123 bytes.";
  }
}

function send() {
  if (socket?.readyState !== WebSocket.OPEN) {
    problem.textContent = "The line is not open. Connect first; what you typed stays here.";
    return;
  }
  const data = kind.value === "text" ? payload.value : bytes(payload.value);
  if (data === undefined) {
    problem.textContent = "Bytes are pairs of hexadecimal digits, for example: ca fe 00 ff";
    return;
  }
  from = performance.now();
  socket.send(data);
  add("out", typeof data === "string" ? data : data.buffer);
  problem.textContent = "";
  payload.value = "";
}

function bytes(hex: string): Uint8Array<ArrayBuffer> | undefined {
  const digits = hex.replace(/\s+/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) return undefined;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function hex(data: ArrayBuffer): string {
  return Array.from(new Uint8Array(data), (b) => b.toString(16).padStart(2, "0")).join(" ");
}

function add(direction: "in" | "out", data: string | ArrayBuffer) {
  const isText = typeof data === "string";
  const size = isText ? new TextEncoder().encode(data).length : data.byteLength;
  const shown = isText ? data : hex(data);
  const row = make("tr", direction);
  const way = make("td", "way", direction === "out" ? "→" : "←");
  way.setAttribute("aria-label", direction === "out" ? "sent" : "received");
  row.append(
    way,
    make("td", "mono", clock()),
    make("td", "", isText ? "text" : "binary"),
    make("td", "mono size", String(size)),
    make("td", "mono data", shown.length > maxShown ? shown.slice(0, maxShown) + "…" : shown),
  );
  append(row);
}

function note(text: string) {
  const row = make("tr", "note");
  const cell = make("td", "quiet", text);
  cell.colSpan = 5;
  row.append(cell);
  append(row);
}

function append(row: HTMLTableRowElement) {
  const box = el("box");
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  empty.hidden = true;
  frames.append(row);
  while (frames.childElementCount > maxLines) frames.firstElementChild!.remove();
  if (atEnd) box.scrollTop = box.scrollHeight;
}

connect.addEventListener("click", () => (socket ? hangUp() : dial()));
kind.addEventListener("change", () => (payload.placeholder = kind.value === "text" ? "hello" : "ca fe 00 ff"));
el("form").addEventListener("submit", (e) => {
  e.preventDefault();
  send();
});

startPage(code);
dial();
