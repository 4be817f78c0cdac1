import { clock, make } from "../kit/dom";
import { cordOf } from "../kit/names";
import type { Message } from "./talk";

const maxLines = 500;

/** What was said, as it is shown. It stays at its end unless somebody reads further up. */
export class Log {
  private atEnd = true;

  constructor(
    private readonly root: HTMLElement,
    private readonly empty: HTMLElement,
  ) {
    root.addEventListener("scroll", () => (this.atEnd = root.scrollHeight - root.scrollTop - root.clientHeight < 60), { passive: true });
    new ResizeObserver(() => this.toEnd()).observe(root);
  }

  private toEnd() {
    if (this.atEnd) this.root.scrollTop = this.root.scrollHeight;
  }

  clear() {
    this.root.replaceChildren(this.empty);
    this.atEnd = true;
    this.empty.hidden = false;
  }

  message(m: Message, mine: boolean) {
    const item = make("div", `message${mine ? " mine" : ""}${m.to ? " private" : ""}`);
    const head = make("p", "head");
    head.append(make("strong", cordOf(m.name), m.name));
    if (m.to) head.append(make("span", "quiet", mine ? `to ${m.to} alone` : "to you alone"));
    if (m.guest) head.append(make("span", "quiet", "from another client"));
    head.append(make("time", "quiet mono", clock(new Date(m.at))));
    item.append(head, make("p", "said", m.text));
    this.add(item);
  }

  news(text: string) {
    this.add(make("p", "news quiet", text));
  }

  private add(item: HTMLElement) {
    const root = this.root;
    this.empty.hidden = true;
    root.append(item);
    while (root.childElementCount > maxLines) root.children[1].remove();
    this.toEnd();
  }
}
