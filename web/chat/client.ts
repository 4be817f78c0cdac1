import { button, make } from "../kit/dom";
import { HttpTransportType, type Line } from "../kit/line";
import { cordOf, keepName, suggestedName } from "../kit/names";
import type { Pane } from "../kit/panes";
import { explain } from "../kit/patience";
import { Log } from "./log";
import { type Ears, type Message, type Person, type Snapshot, talk } from "./talk";

const maxText = 2000;
const typingEvery = 2000; // ms; shown a little longer
const typingShown = 3000;

/** One client of the chat in its pane. */
export class Chat implements Ears {
  private readonly log = new Log(this.pane.el("log"), this.pane.el("empty"));
  private readonly people = this.pane.el<HTMLUListElement>("people");
  private readonly problem = this.pane.el("problem");
  private readonly name = this.pane.el<HTMLInputElement>("name");
  private readonly room = this.pane.el<HTMLInputElement>("room");
  private readonly text = this.pane.el<HTMLTextAreaElement>("text");
  private readonly line: Line;

  private you: Person = { id: "", name: "" };
  private here = ""; // the room
  private present = new Map<string, string>(); // id to name
  private writing = new Map<string, number>(); // id to the timer that ends it
  private last = 0; // number of the last message shown
  private held: (() => void)[] | undefined; // events that came while entering
  private toWhom: Person | undefined; // of a direct message
  private sending = false;
  private told = 0; // when we last said that we type

  constructor(private readonly pane: Pane) {
    this.name.value = pane.name;
    this.room.value = new URLSearchParams(location.search).get("room") ?? "Lobby";
    this.line = talk(pane, this);
    this.listen();
  }

  // ---- what is heard -------------------------------------------------------

  /** Enters the room of the form. What comes meanwhile is shown afterwards. */
  async enter() {
    this.held = [];
    try {
      this.show(await this.line.invoke<Snapshot>("Enter", this.name.value, this.room.value));
      this.problem.textContent = "";
    } catch (error) {
      this.problem.textContent = explain(error);
      if (this.here) this.room.value = this.here;
    }
    const held = this.held;
    this.held = undefined;
    for (const event of held) event();
  }

  leave() {
    this.present.clear();
    this.showPeople();
  }

  said = (m: Message) => this.later(() => this.showMessage(m));
  whispered = (m: Message) => this.log.message(m, false);
  joined = (p: Person) => this.later(() => {
    if (!this.present.has(p.id)) this.log.news(`${p.name} has joined.`);
    this.present.set(p.id, p.name);
    this.showPeople();
  });
  renamed = (p: Person) => this.later(() => {
    const old = this.present.get(p.id);
    if (old && old !== p.name) this.log.news(`${old} is now ${p.name}.`);
    this.present.set(p.id, p.name);
    this.showPeople();
  });
  left = (id: string) => this.later(() => {
    const name = this.present.get(id);
    if (!this.present.delete(id)) return;
    this.stopped(id);
    if (this.toWhom?.id === id) this.aim(undefined);
    this.log.news(`${name} has left.`);
    this.showPeople();
  });
  typing = (id: string) => {
    clearTimeout(this.writing.get(id));
    this.writing.set(id, window.setTimeout(() => this.stopped(id), typingShown));
    this.showTyping();
  };
  rooms = (list: Snapshot["rooms"]) => this.showRooms(list);

  private later(event: () => void) {
    if (this.held) this.held.push(event);
    else event();
  }

  private stopped(id: string) {
    clearTimeout(this.writing.get(id));
    this.writing.delete(id);
    this.showTyping();
  }

  // ---- what is shown -------------------------------------------------------

  private show(s: Snapshot) {
    this.you = s.you;
    this.name.value = s.you.name;
    this.room.value = s.room;
    this.present = new Map(s.people.map((p) => [p.id, p.name]));
    if (s.room !== this.here) {
      this.here = s.room;
      this.last = 0;
      this.log.clear();
      this.aim(undefined);
    }
    for (const m of s.history) this.showMessage(m);
    this.showRooms(s.rooms);
    this.showPeople();
  }

  private showMessage(m: Message) {
    if (m.room !== this.here || m.n <= this.last) return; // shown before
    this.last = m.n;
    this.stopped(m.from);
    this.log.message(m, m.from === this.you.id || (!m.guest && m.name === this.you.name));
  }

  private showPeople() {
    const all = [...this.present].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name));
    this.people.replaceChildren(...all.map((p) => this.person(p)));
    this.pane.el("count").textContent = this.line.up ? String(all.length) : "–";
  }

  private person(p: Person): HTMLLIElement {
    const item = make("li");
    if (p.id === this.you.id) {
      item.append(make("span", `who ${cordOf(p.name)}`, p.name), make("span", "quiet", "(you)"));
      return item;
    }
    const b = button(p.name, () => this.aim(this.toWhom?.id === p.id ? undefined : p), `who ${cordOf(p.name)}`);
    b.setAttribute("aria-pressed", String(this.toWhom?.id === p.id));
    b.title = "Write to this person alone";
    item.append(b);
    return item;
  }

  private showRooms(list: Snapshot["rooms"]) {
    this.pane.el("rooms").replaceChildren(...list.map(({ name }) => Object.assign(make("option"), { value: name })));
    const doors = list.slice(0, 8).map(({ name, people }) => {
      const item = make("li");
      const b = button(name, () => this.go(name), "door small");
      b.append(make("span", "quiet mono", ` ${people}`));
      b.setAttribute("aria-label", `${name}, ${people} here`);
      b.setAttribute("aria-pressed", String(name === this.here));
      item.append(b);
      return item;
    });
    this.pane.el("doors").replaceChildren(...doors);
  }

  private showTyping() {
    const names = [...this.writing.keys()].map((id) => this.present.get(id)).filter(Boolean);
    this.pane.el("typing").textContent =
      names.length === 0 ? "" : names.length < 3 ? `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} writing…` : `${names.length} people are writing…`;
  }

  /** Chooses whom the next message is for: one person, or everybody. */
  private aim(p: Person | undefined) {
    this.toWhom = p;
    this.pane.el("label").textContent = p ? `To ${p.name} alone (Escape: to everybody)` : "Message";
    this.showPeople();
    if (p) this.text.focus();
  }

  // ---- what people do ------------------------------------------------------

  private go(room: string) {
    this.room.value = room;
    if (this.line.up) void this.enter();
  }

  private async send() {
    const said = this.text.value;
    if (!said.trim() || this.sending) return;
    const length = [...said].length;
    if (length > maxText) {
      this.problem.textContent = `A message has at most ${maxText} characters; yours has ${length}. It is kept here for you to shorten.`;
      return;
    }
    this.sending = true;
    try {
      if (this.toWhom) this.log.message(await this.line.invoke<Message>("Whisper", this.toWhom.id, said), true);
      else await this.line.invoke("Say", said);
      if (this.text.value === said) this.text.value = ""; // unless more was typed meanwhile
      this.problem.textContent = "";
    } catch (error) {
      this.problem.textContent = explain(error);
    } finally {
      this.sending = false;
    }
  }

  private type() {
    if (this.toWhom || !this.line.up || !this.text.value || Date.now() - this.told < typingEvery) return;
    this.told = Date.now();
    void this.line.send("Typing").catch(() => {}); // a cut line tells of itself
  }

  private listen() {
    const { name, room, text } = this;
    name.addEventListener("change", () => {
      name.value = name.value.trim() || suggestedName(this.pane.index);
      keepName(name.value, this.pane.index);
      if (this.line.up) void this.enter();
    });
    room.addEventListener("change", () => this.go(room.value.trim() || "Lobby"));
    for (const field of [name, room])
      field.addEventListener("keydown", (e) => {
        if (e.key !== "Enter") return;
        e.preventDefault(); // else the line break lands in the field that gets the focus
        text.focus();
      });
    text.addEventListener("input", () => this.type());
    text.addEventListener("keydown", (e) => {
      if (e.key === "Escape") this.aim(undefined);
      if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
        e.preventDefault();
        void this.send();
      }
    });
    this.pane.el("form").addEventListener("submit", (e) => {
      e.preventDefault();
      void this.send();
    });
    const sockets = this.pane.el<HTMLInputElement>("websockets");
    const events = this.pane.el<HTMLInputElement>("events");
    for (const box of [sockets, events])
      box.addEventListener("change", () => {
        let t = HttpTransportType.LongPolling;
        if (sockets.checked) t |= HttpTransportType.WebSockets;
        if (events.checked) t |= HttpTransportType.ServerSentEvents;
        this.line.allow(t);
      });
  }
}
