import { make } from "../kit/dom";
import { type Ledger, lateFrom } from "./ledger";
import type { Tap } from "./tap";

/** What a plate shows: a hub line or the poller. */
export interface Line {
  readonly ledger: Ledger;
  readonly tap: Tap;
  restart(): unknown;
  choose(): unknown;
}

const groups = [
  [["requests", "Requests"], ["bytes", "Bytes"], ["each", "Bytes each"]],
  [["p50", "Half within"], ["p90", "90 % within"], ["p99", "99 % within"]],
  [["messages", "Arrived"], ["lost", "Lost"], ["duplicate", "Twice"], ["late", `Late (${lateFrom / 1000} s)`]],
];

/** The plate of one way to get the messages. */
export class Way {
  readonly root = make("section", "plate way");
  readonly lamp = make("div");
  line!: Line;
  private readonly cells = new Map<string, HTMLElement>();

  constructor(id: string, name: string, lampId: string, cord: string) {
    this.root.id = id;
    this.root.setAttribute("aria-label", name);
    this.lamp.id = lampId;
    const title = make("h2", cord);
    title.append(make("span", "swatch"), name);
    const figures = make("div", "books");
    for (const rows of groups) {
      const list = make("dl");
      for (const [key, label] of rows) {
        const cell = make("dd", "mono", "–");
        cell.dataset.figure = key;
        this.cells.set(key, cell);
        list.append(make("dt", "", label), cell);
      }
      figures.append(list);
    }
    this.root.append(title, this.lamp, figures);
  }

  show(now: number) {
    const { ledger, tap } = this.line;
    const [p50, p90, p99] = ledger.percentiles([0.5, 0.9, 0.99], now);
    this.set("requests", count(tap.requests));
    this.set("bytes", bytes(tap.bytes));
    this.set("each", ledger.messages ? bytes(tap.bytes / ledger.messages) : "–");
    this.set("p50", ms(p50));
    this.set("p90", ms(p90));
    this.set("p99", ms(p99));
    this.set("messages", count(ledger.messages));
    for (const key of ["lost", "duplicate", "late"] as const) this.set(key, count(ledger[key]), ledger[key] > 0);
  }

  private set(key: string, text: string, bad = false) {
    const cell = this.cells.get(key)!;
    if (cell.textContent !== text) cell.textContent = text;
    cell.classList.toggle("bad", bad);
  }
}

const count = (n: number) => n.toLocaleString("en");
const ms = (n?: number) => (n === undefined ? "–" : n < 10 ? `${n.toFixed(1)} ms` : n < 10_000 ? `${Math.round(n)} ms` : `${(n / 1000).toFixed(1)} s`);
const bytes = (n: number) => (n < 10_000 ? `${Math.round(n)} B` : n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(2)} MB`);
