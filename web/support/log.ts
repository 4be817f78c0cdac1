import { clock, make } from "../kit/dom";
import { cordOf } from "../kit/names";
import type { Case, Entry } from "./talk";

/** A transcript as it is shown. It stays at its end unless somebody reads further up. */
export class Log {
  private shown = 0; // the case
  private lines = 0;
  private atEnd = true;

  constructor(private readonly root: HTMLElement) {
    root.addEventListener("scroll", () => (this.atEnd = root.scrollHeight - root.scrollTop - root.clientHeight < 60), { passive: true });
    new ResizeObserver(() => this.toEnd()).observe(root);
  }

  show(c: Case | undefined, mine: string) {
    this.root.hidden = !c;
    const same = c && c.case === this.shown && this.lines <= c.entries.length;
    if (!same) {
      this.root.replaceChildren();
      this.lines = 0;
      this.atEnd = true;
    }
    this.shown = c?.case ?? 0;
    for (const e of c?.entries.slice(this.lines) ?? []) this.root.append(line(e, mine));
    this.lines = c?.entries.length ?? 0;
    this.toEnd();
  }

  private toEnd() {
    if (this.atEnd) this.root.scrollTop = this.root.scrollHeight;
  }
}

function line(e: Entry, mine: string): HTMLElement {
  if (!e.name) return make("p", `news quiet ${e.kind}`, e.kind === "staff" ? `${e.text} (agents only)` : e.text);
  const item = make("div", `message${e.kind === mine ? " mine" : ""}`);
  const head = make("p", "head");
  head.append(make("strong", cordOf(e.name), e.name), make("time", "quiet mono", clock(new Date(e.at))));
  item.append(head, make("p", "said", e.text));
  return item;
}
