import { HttpTransportType, HubConnection, HubConnectionState } from "@microsoft/signalr";
import code from "drawer:chat";
import "../kit/base.css";
import { clock, el, make } from "../kit/dom";
import { fillDrawer } from "../kit/drawer";
import { Lamp } from "../kit/lamp";
import { cordOf, keepName, suggestedName } from "../kit/names";
import "./chat.css";
import { build, delay } from "./line";

const maxLines = 500;
const transportNames: Record<string, string> = {
  WebSockets: "WebSockets",
  ServerSentEvents: "Server-Sent Events",
  LongPolling: "long polling",
};

const log = el<HTMLOListElement>("log");
const empty = el("empty");
const people = el<HTMLUListElement>("people");
const count = el("count");
const problem = el("problem");
const name = el<HTMLInputElement>("name");
const text = el<HTMLTextAreaElement>("text");
const sockets = el<HTMLInputElement>("websockets");
const events = el<HTMLInputElement>("events");
const lamp = new Lamp(el("lamp"), () => void restart());

let connection: HubConnection;
let attempt = 0;
let retry = 0;
let present: string[] = [];
let sending = false;

// ---- the line -------------------------------------------------------------

function transports(): HttpTransportType {
  let t = HttpTransportType.LongPolling;
  if (sockets.checked) t |= HttpTransportType.WebSockets;
  if (events.checked) t |= HttpTransportType.ServerSentEvents;
  return t;
}

function open() {
  const mine = build(
    transports(),
    {
      nextRetryDelayInMilliseconds: ({ previousRetryCount }) => {
        const ms = delay(previousRetryCount);
        if (mine === connection) lamp.wait("Line cut.", ms);
        return ms;
      },
    },
    {
      onMessage: (user, said) => addMessage(user, said),
      onJoined: (who) => setPresent([...present, who], `${who} has joined.`),
      onLeft: (who) => setPresent(without(present, who), `${who} has left.`),
    },
  );
  connection = mine;
  mine.onreconnecting(() => setPresent([]));
  mine.onreconnected(() => void connected(mine));
  mine.onclose((error) => {
    if (mine === connection) later(error);
  });
  return mine;
}

async function start() {
  const mine = open();
  lamp.show("connecting", "Connecting…");
  try {
    await mine.start();
    if (mine === connection) await connected(mine);
  } catch (error) {
    if (mine === connection) later(error);
  }
}

async function connected(mine: HubConnection) {
  attempt = 0;
  await measure(mine);
  await enter(mine);
}

/** Tries again after a while when a start has failed or the server has closed for good. */
function later(error: unknown) {
  setPresent([]);
  const said = error instanceof Error ? error.message : "";
  if (/'40[13]'/.test(said)) {
    lamp.show("refused", "The server refused this page.");
    return;
  }
  const ms = delay(attempt++);
  lamp.wait(navigator.onLine ? "No answer from the server." : "This device is offline.", ms);
  clearTimeout(retry);
  retry = window.setTimeout(() => void start(), ms);
}

/** Ends the line there is and opens a new one. */
async function restart() {
  clearTimeout(retry);
  const old = connection;
  const next = start(); // takes over before the old one tells of its end
  await old.stop();
  await next;
}

async function measure(mine = connection) {
  if (mine.state !== HubConnectionState.Connected) return;
  const from = performance.now();
  const transport = await mine.invoke<string>("Ping");
  const ms = Math.max(1, Math.round(performance.now() - from));
  if (mine !== connection) return;
  lamp.show("connected", `Connected over ${transportNames[transport] ?? transport}`, `${ms} ms`);
}

async function enter(mine = connection) {
  try {
    const names = await mine.invoke<string[]>("Enter", name.value);
    setPresent(names);
    problem.textContent = "";
  } catch (error) {
    explain(error);
  }
}

// ---- what is shown --------------------------------------------------------

function setPresent(names: string[], news = "") {
  present = [...names].sort((a, b) => a.localeCompare(b));
  people.replaceChildren(
    ...present.map((who) => {
      const item = make("li", cordOf(who), who);
      if (who === name.value) item.append(make("span", "quiet", " (you)"));
      return item;
    }),
  );
  count.textContent = connection?.state === HubConnectionState.Connected ? String(present.length) : "–";
  if (news) addLine(make("li", "news quiet", news));
}

function without(names: string[], who: string) {
  const i = names.indexOf(who);
  return i < 0 ? names : [...names.slice(0, i), ...names.slice(i + 1)];
}

function addMessage(user: string, said: string) {
  const item = make("li", user === name.value ? "message mine" : "message");
  const head = make("p", "head");
  head.append(make("strong", cordOf(user), user), make("time", "quiet mono", clock()));
  item.append(head, make("p", "said", said));
  addLine(item);
}

function addLine(item: HTMLLIElement) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  empty.classList.add("hidden");
  log.append(item);
  while (log.childElementCount > maxLines) log.firstElementChild!.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

/** Shows the sentence that the server meant for people. */
function explain(error: unknown) {
  const said = error instanceof Error ? error.message : String(error);
  problem.textContent = /HubException: (.*)$/.exec(said)?.[1] ?? "That did not get through. Your text is still here.";
}

// ---- what people do -------------------------------------------------------

async function send() {
  const said = text.value;
  if (!said.trim() || sending) return;
  if (connection.state !== HubConnectionState.Connected) {
    problem.textContent = "Not connected yet. Your text is kept; send it when the lamp is green.";
    return;
  }
  sending = true;
  try {
    await connection.invoke("SendMessage", name.value, said);
    if (text.value === said) text.value = ""; // unless more was typed meanwhile
    problem.textContent = "";
  } catch (error) {
    explain(error);
  } finally {
    sending = false;
  }
}

name.value = suggestedName();
name.addEventListener("change", () => {
  name.value = name.value.trim() || suggestedName();
  keepName(name.value);
  if (connection.state === HubConnectionState.Connected) void enter();
});
name.addEventListener("keydown", (e) => {
  if (e.key !== "Enter") return;
  e.preventDefault(); // else the line break lands in the field that gets the focus
  text.focus();
});
text.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
    e.preventDefault();
    void send();
  }
});
el("form").addEventListener("submit", (e) => {
  e.preventDefault();
  void send();
});
for (const box of [sockets, events]) box.addEventListener("change", () => void restart());
setInterval(() => {
  if (document.visibilityState === "visible") measure().catch(() => {}); // a cut line tells of itself
}, 5000);

fillDrawer(el("drawer"), code);
void start();
