import type { Case, Entry } from "./talk";

/** The cases that this page knows: those that the server says, and closed ones of which the transcript is kept. */
export class Cases {
  private readonly all = new Map<number, Case>();
  /** The number of the case that is looked at; 0: none. */
  selected = 0;

  get list(): Case[] {
    return [...this.all.values()].sort((a, b) => a.case - b.case);
  }

  get active(): Case[] {
    return this.list.filter((c) => c.state !== "closed");
  }

  get current(): Case | undefined {
    return this.all.get(this.selected);
  }

  clear() {
    this.all.clear();
    this.selected = 0;
  }

  /** Takes what the server says after a connect. What it no longer knows was closed or given to somebody else. */
  take(cases: Case[], keepMine: boolean) {
    const known = new Set(cases.map((c) => c.case));
    for (const c of this.active) {
      if (known.has(c.case)) continue;
      if (keepMine) this.end(c);
      else this.remove(c.case);
    }
    for (const c of cases) this.add(c);
  }

  /** Ends a case that the server has forgotten, so that nobody waits for nothing. */
  private end(c: Case) {
    c.state = "closed";
    c.entries.push({ n: c.entries.length + 1, kind: "news", text: "The desk no longer has this case. Ask again, please.", at: Date.now(), case: c.case, state: "closed" });
  }

  add(c: Case) {
    this.all.set(c.case, c);
    if (!this.current || this.current.state === "closed") this.selected = c.case;
  }

  remove(id: number) {
    this.all.delete(id);
    if (this.selected === id) this.selected = this.list.at(-1)?.case ?? 0;
  }

  /** Adds a line once. Reports whether it is new. */
  note(e: Entry): boolean {
    const c = this.all.get(e.case);
    if (!c || c.entries.some((o) => o.n === e.n)) return false;
    c.entries.push(e);
    c.entries.sort((a, b) => a.n - b.n);
    c.state = e.state;
    if (e.case !== this.selected) c.unseen = (c.unseen ?? 0) + 1;
    return true;
  }

  select(id: number) {
    this.selected = id;
    if (this.current) this.current.unseen = 0;
  }
}

/** A case as a text file. */
export function transcript(c: Case): string {
  const line = (e: Entry) => `${new Date(e.at).toISOString().slice(0, 19).replace("T", " ")}  ${e.name ? `${e.name} (${e.kind}): ` : "* "}${e.text}`;
  return [`Case ${c.case} of ${c.customer}, ${c.state}. Times are UTC.`, "", ...c.entries.map(line), ""].join("\n");
}
