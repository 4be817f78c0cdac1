import { make, paced } from "../kit/dom";
import type { Line } from "../kit/line";
import { keepName, suggestedName } from "../kit/names";
import type { Pane } from "../kit/panes";
import { explain } from "../kit/patience";
import type { Editor } from "./editor";
import { type Ears, type Entered, type Entry, type Person, talk } from "./talk";

/** One writer in their pane. */
export class Writer implements Ears {
  private readonly name = this.pane.el<HTMLInputElement>("name");
  private readonly problem = this.pane.el("problem");
  private readonly line: Line;
  private readonly editor: Promise<Editor>;
  private loaded: Editor | undefined;
  private you = "";
  private people = new Map<string, Person>(); // by id
  private entered = false;
  private over = false;

  constructor(private readonly pane: Pane) {
    this.name.value = pane.name;
    this.line = talk(pane, this);
    this.editor = this.load();
    this.editor.catch(() => (this.pane.el("state").textContent = "The editor could not be loaded. Load the page again."));
    this.listen();
  }

  private async load(): Promise<Editor> {
    const { Editor } = await import("./editor");
    this.loaded = new Editor(this.pane.el("paper"), {
      send: (update) => this.line.invoke<number>("Update", update),
      base: () => this.line.invoke<Entry>("Base"),
      up: () => this.line.up && this.entered,
      changed: paced(250, () => this.show()),
      problem: (error) => this.line.up && (this.problem.textContent = explain(error)),
      at: paced(100, (at: Uint8Array) => this.entered && this.line.up && void this.line.send("At", at).catch(() => {})), // a cut line tells of itself
      refused: (why) => (this.problem.textContent = why),
    });
    if (this.over) this.loaded.close();
    this.show();
    return this.loaded;
  }

  close() {
    this.over = true;
    removeEventListener("beforeunload", this.unload);
    this.loaded?.close();
  }

  // ---- what is heard -------------------------------------------------------

  async enter() {
    const { copy, cursors } = await this.editor;
    const s = await this.line.invoke<Entered>("Enter", this.name.value, copy.epoch, copy.have);
    this.you = s.you.id;
    this.people = new Map(s.people.map((p) => [p.id, p]));
    cursors.clear();
    for (const p of s.people) if (p.id !== this.you) cursors.set(p);
    this.entered = true;
    this.problem.textContent = "";
    copy.take(s.content);
    this.loaded!.tellCursor();
    this.show();
  }

  leave() {
    this.entered = false;
    this.people.clear();
    this.loaded?.cursors.clear();
    this.show();
  }

  update = (e: Entry) => this.loaded?.copy.update(e);
  merge = async (from: number, last: number) => (await this.editor).copy.merge(from, last);
  merged = (last: number) => this.loaded?.copy.merged(last);
  at = (id: string, at: Uint8Array) => this.loaded?.cursors.move(id, at);

  here = (p: Person) => {
    if (!this.people.has(p.id)) this.say(`${p.name} has come.`);
    this.people.set(p.id, p);
    this.loaded?.cursors.set(p);
    this.show();
  };

  left = (id: string) => {
    const p = this.people.get(id);
    if (!p) return;
    this.say(`${p.name} has left.`);
    this.people.delete(id);
    this.loaded?.cursors.remove(id);
    this.show();
  };

  private say(text: string) {
    const heard = this.pane.el("heard");
    heard.append(make("span", "", `${text} `));
    while (heard.childElementCount > 3) heard.firstElementChild!.remove();
  }

  // ---- what is shown -------------------------------------------------------

  private show() {
    const copy = this.loaded?.copy;
    if (!copy) return;
    const state = this.pane.el("state");
    const text = copy.pending === 0 ? (this.entered ? "Everything is saved." : "Nothing new of yours.") : this.entered ? "Saving…" : "Your changes wait here until the line is back.";
    if (state.textContent !== text) state.textContent = text; // or screen readers hear it again
    if (copy.pending === 0 && /^(That was fast|The document's log)/.test(this.problem.textContent ?? "")) this.problem.textContent = "";
    this.pane.el("kept").textContent = this.entered ? `The server's log: ${count(copy.sinceMerge)} since two pages last agreed.` : "";
    this.pane.el("count").textContent = this.entered ? String(this.people.size) : "–";
    const all = [...this.people.values()].sort((a, b) => a.name.localeCompare(b.name));
    this.pane.el("people").replaceChildren(...all.map((p) => make("li", `cord-${p.cord}`, p.id === this.you ? `${p.name} (you)` : p.name)));
  }

  // ---- what people do ------------------------------------------------------

  /** What is only here is not thrown away without a question. */
  private readonly unload = (e: Event) => {
    if (this.loaded?.copy.pending) e.preventDefault();
  };

  private listen() {
    const { name } = this;
    addEventListener("beforeunload", this.unload);
    name.addEventListener("change", () => {
      name.value = name.value.trim() || suggestedName(this.pane.index);
      keepName(name.value, this.pane.index);
      if (this.line.up) void this.enter().catch((error: unknown) => (this.problem.textContent = explain(error)));
    });
    name.addEventListener("keydown", (e) => {
      if (e.key !== "Enter") return;
      e.preventDefault();
      this.loaded?.focus();
    });
  }
}

const count = (n: number) => `${n} ${n === 1 ? "change" : "changes"}`;
