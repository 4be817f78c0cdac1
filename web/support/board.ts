import { button, make } from "../kit/dom";
import type { Pane } from "../kit/panes";
import type { Cases } from "./cases";
import type { Board } from "./talk";

const maxCases = 3;

/** The agents' side: queue, cases, colleagues. */
export class Desk {
  private board: Board = { waiting: 0, queue: [], agents: [] };
  private readonly clock = setInterval(() => this.showQueue(), 1000);

  constructor(
    private readonly pane: Pane,
    private readonly o: { take: (id: number) => void; select: (id: number) => void; no: () => number; cases: Cases; up: () => boolean; duty: () => boolean },
  ) {}

  close() {
    clearInterval(this.clock);
  }

  news(b: Board) {
    this.board = b;
    this.show();
  }

  show() {
    this.showQueue();
    this.showCases();
    this.showAgents();
  }

  private showQueue() {
    const { waiting, queue } = this.board;
    this.pane.el("waiting").textContent = this.o.up() ? String(waiting) : "–";
    this.pane.el("no-queue").hidden = waiting > 0;
    fill(this.pane.el("queue"), queue.map((q) => {
      const item = make("li");
      const words = make("span", "words");
      words.append(make("strong", "", q.customer), make("span", "quiet", ` ${q.text.slice(0, 60)}`));
      const state = make("span", "quiet mono", q.asking ? `asking ${q.asking}` : since(q.since));
      const b = button("Take", () => this.o.take(q.case), "small");
      b.setAttribute("aria-label", `Take the case of ${q.customer}`);
      b.dataset.key = `take ${q.case}`;
      b.disabled = !this.o.up() || this.o.cases.active.length >= maxCases;
      b.title = b.disabled ? "Your hands are full, or the line is cut" : "";
      item.append(words, state, b);
      return item;
    }));
  }

  private showCases() {
    const { list, active, selected } = this.o.cases;
    this.pane.el("cases-count").textContent = `${active.length} of ${maxCases}`;
    this.pane.el("no-cases").hidden = list.length > 0;
    this.pane.el("no-cases").textContent = this.o.duty() ? "You will be asked when somebody needs help." : "Go on duty to be asked, or take one from the queue.";
    fill(this.pane.el("cases"), list.map((c) => {
      const item = make("li");
      const b = button(`${c.customer}`, () => this.o.select(c.case), "case");
      b.append(make("span", "quiet mono", c.unseen ? ` ${c.unseen} new` : c.state === "closed" ? " closed" : ` ${c.case}`));
      b.setAttribute("aria-pressed", String(c.case === selected));
      b.dataset.key = `case ${c.case}`;
      item.append(b);
      return item;
    }));
  }

  private showAgents() {
    fill(this.pane.el("agents"), this.board.agents.slice(0, 20).map((a) => {
      const item = make("li");
      const state = !a.here ? "line cut" : a.duty ? `on duty, ${a.cases} of ${maxCases}` : "off duty";
      item.append(make("span", "words", a.no === this.o.no() ? `${a.name} (you)` : a.name), make("span", "quiet", state));
      return item;
    }));
    this.showColleagues();
  }

  /** Fills the choice for hand-overs, and keeps what was chosen. */
  private showColleagues() {
    const to = this.pane.el<HTMLSelectElement>("to");
    const before = to.value;
    const option = (value: string, text: string) => Object.assign(make("option", "", text), { value });
    const free = this.board.agents.filter((a) => a.no !== this.o.no() && a.here && a.duty && a.cases < maxCases);
    const next = [option("0", "the queue"), ...free.map((a) => option(String(a.no), a.name))];
    if (next.map((o) => o.value + o.text).join() === [...to.options].map((o) => o.value + o.text).join()) return;
    to.replaceChildren(...next);
    to.value = before;
    if (!to.value) to.value = "0";
  }
}

/** Exchanges a list's items; who had the focus keeps it. */
function fill(list: HTMLElement, items: HTMLElement[]) {
  const key = list.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset.key : undefined;
  list.replaceChildren(...items);
  if (key) list.querySelector<HTMLElement>(`[data-key="${key}"]`)?.focus();
}

function since(at: number): string {
  const s = Math.max(0, Math.round((Date.now() - at) / 1000));
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)} min`;
}
