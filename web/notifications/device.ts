import { button, clock, make } from "../kit/dom";
import type { Line } from "../kit/line";
import { cordOf, keepName, suggestedName } from "../kit/names";
import type { Pane } from "../kit/panes";
import { explain } from "../kit/patience";
import { Box, boxOf, type Ears, type Note, type Person, type Snapshot } from "./box";
import { curl, post } from "./letter";

/** One device of somebody, in its pane. */
export class Device implements Ears {
  private readonly box = new Box();
  private readonly name = this.pane.el<HTMLInputElement>("name");
  private readonly text = this.pane.el<HTMLInputElement>("text");
  private readonly to = this.pane.el<HTMLSelectElement>("to");
  private readonly problem = this.pane.el("problem");
  private readonly sent = this.pane.el("sent");
  private line: Line;
  private you: string;
  private allGroups: string[] = [];
  private persons: Person[] = [];
  private held: (() => void)[] | undefined; // events that came while entering
  private sending = false;

  constructor(private readonly pane: Pane) {
    this.you = suggestedName(1); // a second client is this person's second device
    this.name.value = this.you;
    this.line = boxOf(this.you, pane, this);
    this.listen();
    this.show();
    this.showTargets();
  }

  // ---- what is heard -------------------------------------------------------

  async enter() {
    this.held = [];
    const s = await this.line.invoke<Snapshot>("Enter").finally(() => queueMicrotask(() => this.release()));
    this.box.fill(s.notes);
    this.allGroups = s.groups;
    this.persons = s.people;
    this.problem.textContent = "";
    this.show();
    this.showTargets();
    this.showFollows(s.follows);
    this.showDevices(s.devices);
  }

  leave() {
    this.pane.el("devices").textContent = "The line is cut: your box may hold more by now.";
    this.show();
  }

  note = (n: Note) => this.later(() => {
    if (!this.box.add(n)) return;
    const says = make("span", "", `From ${n.from}${forWhom(n)}: ${n.text}. `);
    const heard = this.pane.el("heard");
    heard.append(says);
    while (heard.childElementCount > 3) heard.firstElementChild!.remove();
    this.show();
  });
  read = (first: number, last: number) => this.later(() => {
    this.box.mark(first, last);
    this.show();
  });
  follows = (groups: string[]) => this.later(() => this.showFollows(groups));
  devices = (n: number) => this.later(() => this.showDevices(n));
  people = (list: Person[]) => this.later(() => {
    this.persons = list;
    this.showTargets();
  });

  private later(event: () => void) {
    if (this.held) this.held.push(event);
    else event();
  }

  private release() {
    const held = this.held ?? [];
    this.held = undefined;
    for (const event of held) event();
  }

  // ---- what is shown -------------------------------------------------------

  private show() {
    const { all, unread } = this.box;
    const bell = this.pane.el("bell");
    bell.textContent = `${unread} unread`;
    bell.dataset.unread = String(unread);
    if (!this.pane.second) document.title = `${unread ? `(${unread}) ` : ""}Notifications · Switchboard`;
    const list = this.pane.el("notes");
    const focused = (document.activeElement as HTMLElement | null)?.dataset.n;
    list.replaceChildren(...all.map((n) => this.item(n)));
    if (focused) (list.querySelector<HTMLElement>(`[data-n="${focused}"]`) ?? list).focus();
    list.hidden = all.length === 0;
    this.pane.el("empty").hidden = all.length > 0;
    this.showButtons();
  }

  private showButtons() {
    const all = this.pane.el<HTMLButtonElement>("all");
    all.disabled = !this.line.up || this.box.unread === 0;
    all.title = !this.line.up ? "The line is cut" : this.box.unread ? "" : "Everything is read";
  }

  private item(n: Note): HTMLLIElement {
    const item = make("li", `note${n.read ? "" : " fresh"}`);
    const head = make("p", "head");
    head.append(make("strong", cordOf(n.from), n.from), make("span", "quiet", forWhom(n)), make("time", "quiet mono", clock(new Date(n.at))));
    item.append(head, make("p", "words", n.text));
    if (!n.read) {
      const b = button("Mark as read", () => void this.mark(n.n, n.n), "small");
      b.dataset.n = String(n.n);
      b.disabled = !this.line.up;
      b.title = b.disabled ? "The line is cut" : "";
      b.setAttribute("aria-label", `Mark as read: ${n.text.slice(0, 60)}`);
      item.append(b);
    }
    return item;
  }

  private showFollows(follows: string[]) {
    const boxes = this.allGroups.map((g) => {
      const label = make("label", "check");
      const box = make("input");
      box.type = "checkbox";
      box.checked = follows.includes(g);
      box.addEventListener("change", () => void this.follow(g, box));
      label.append(box, g);
      return label;
    });
    this.pane.el("groups").replaceChildren(...boxes);
  }

  private showDevices(n: number) {
    this.pane.el("devices").textContent = n === 1 ? "This is your only device." : `You have ${n} devices here.`;
  }

  /** Fills the choice of receivers, and keeps what was chosen. */
  private showTargets() {
    const before = this.to.value || `user:${this.you}`;
    const others = this.persons.filter((p) => p.name !== this.you);
    const parts: [string, [string, string][]][] = [
      ["", [[`user:${this.you}`, "You, on all devices"], ["everybody", "Everybody"]]],
      ["Groups", this.allGroups.map((g) => [`group:${g}`, `Group ${g}`])],
      ["People", others.map((p) => [`user:${p.name}`, p.devices ? p.name : `${p.name} (away)`])],
    ];
    this.to.replaceChildren(...parts.filter(([, some]) => some.length).flatMap(([title, some]) => {
      const choices = some.map(([value, text]) => Object.assign(make("option", "", text), { value }));
      if (!title) return choices;
      const group = Object.assign(make("optgroup"), { label: title });
      group.append(...choices);
      return [group];
    }));
    this.to.value = before;
    if (!this.to.value) this.to.selectedIndex = 0;
    this.showCurl();
  }

  private showCurl() {
    this.pane.el("curl").textContent = curl(this.to.value, this.text.value || "Tea is ready");
  }

  // ---- what people do ------------------------------------------------------

  private async mark(first: number, last: number) {
    await this.try(this.line.invoke("Read", first, last));
  }

  private async follow(group: string, box: HTMLInputElement) {
    const on = box.checked;
    if (!(await this.try(this.line.invoke("Follow", group, on)))) box.checked = !on;
  }

  private async try(what: Promise<unknown>): Promise<boolean> {
    try {
      await what;
      this.problem.textContent = "";
      return true;
    } catch (error) {
      this.problem.textContent = explain(error);
      return false;
    }
  }

  private async send() {
    const text = this.text.value;
    if (!text.trim() || this.sending) return;
    this.sending = true;
    try {
      const { people, devices } = await post(this.to.value, text, this.you);
      this.sent.textContent = `In ${count(people, "box", "boxes")}, on ${count(devices, "device", "devices")} now.`;
      if (this.text.value === text) this.text.value = "";
      this.showCurl();
    } catch (error) {
      this.sent.textContent = explain(error, "The server does not answer. Your text is still here.");
    } finally {
      this.sending = false;
    }
  }

  /** Becomes somebody else: a new line, because who one is belongs to the connection. */
  private async rename(name: string) {
    if (name === this.you) return;
    const old = this.line;
    this.you = keepName(name, this.pane.index);
    this.box.fill([]);
    this.to.value = "";
    this.show();
    this.showTargets();
    await old.stop();
    if (this.you !== name) return; // renamed again meanwhile
    this.line = boxOf(name, this.pane, this);
    if (old.saboteur.isCut) this.line.cut();
  }

  private listen() {
    this.name.addEventListener("change", () => {
      const name = this.name.value.replace(/[\p{Cc}\p{Cf}]/gu, "").trim() || this.you;
      this.name.value = name;
      void this.rename(name);
    });
    this.name.addEventListener("keydown", (e) => {
      if (e.key === "Enter") this.text.focus();
    });
    this.text.addEventListener("input", () => this.showCurl());
    this.to.addEventListener("change", () => this.showCurl());
    this.pane.el("form").addEventListener("submit", (e) => {
      e.preventDefault();
      void this.send();
    });
    this.pane.el("all").addEventListener("click", () => void this.mark(0, this.box.all[0]?.n ?? 0));
    const copy = this.pane.el("copy");
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.pane.el("curl").textContent ?? "").then(() => (copy.textContent = "Copied"), () => (copy.textContent = "Select it by hand"));
      setTimeout(() => (copy.textContent = "Copy"), 2000);
    });
  }
}

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

const forWhom = (n: Note) => (n.to === "everybody" ? " to everybody" : n.to.startsWith("group:") ? ` to ${n.to.slice(6)}` : "");
