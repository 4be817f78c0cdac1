import { button, make } from "../kit/dom";
import { height, type Mark, maxText, width } from "./wire";

/** What notes want of their board. */
export interface Desk {
  /** Whether the board took it. */
  change(m: Mark): Promise<boolean>;
  erase(ids: string[]): void;
}

/** The sticky notes: real text above the ink, so that everybody can read, select and edit it. */
export class Notes {
  private readonly all = new Map<string, Note>();

  constructor(
    private readonly root: HTMLElement,
    private readonly desk: Desk,
  ) {}

  show(m: Mark) {
    let one = this.all.get(m.id);
    if (!one) {
      one = new Note(m, this.root, this.desk);
      this.all.set(m.id, one);
    }
    one.show(m);
  }

  remove(id: string) {
    this.all.get(id)?.root.remove();
    this.all.delete(id);
  }

  /** Says again what did not get through. */
  resend() {
    for (const one of this.all.values()) one.save();
  }

  focus(id: string) {
    this.all.get(id)?.text.focus();
  }
}

class Note {
  readonly root = make("div", "note");
  readonly text = make("textarea");
  private readonly handle = button("Move", () => {}, "grip");
  private saver = 0;
  private edited = false; // the text is ours, and the board has not taken it yet
  private drag: { x: number; y: number } | undefined; // from the pointer to the corner

  constructor(
    private m: Mark,
    private readonly board: HTMLElement,
    private readonly desk: Desk,
  ) {
    const bin = button("×", () => desk.erase([this.m.id]), "bin");
    bin.setAttribute("aria-label", "Take the note away");
    this.handle.setAttribute("aria-label", "Move the note: drag, or arrow keys");
    this.text.maxLength = maxText;
    const head = make("div", "bar");
    head.append(this.handle, bin);
    this.root.append(head, this.text);
    board.append(this.root);
    this.listen();
  }

  show(m: Mark) {
    this.m = m;
    this.root.className = `note colour-${m.colour}`;
    this.text.setAttribute("aria-label", `Note by ${m.by}`);
    this.adopt();
    if (!this.drag) this.place(m.points[0], m.points[1]);
  }

  private place(x: number, y: number) {
    this.root.style.left = `min(${(x / width) * 100}%, 100% - max(15cqw, 112px))`; // whole on a phone, too
    this.root.style.top = `min(${(y / height) * 100}%, 100% - max(7.5cqw, 56px) - 46px)`;
  }

  /** Takes the board's text, unless somebody is at ours. */
  private adopt() {
    const text = this.m.text ?? "";
    if (!this.edited && document.activeElement !== this.text && this.text.value !== text) this.text.value = text;
  }

  /** Tells the board text and place, if one of them is new. */
  save(points = this.m.points) {
    clearTimeout(this.saver);
    const text = this.edited ? this.text.value : (this.m.text ?? "");
    if (!this.edited && points === this.m.points) return this.adopt();
    void this.desk.change({ ...this.m, text, points }).then((taken) => {
      if (taken && this.text.value === text) this.edited = false;
    });
  }

  private moveTo(x: number, y: number) {
    const points = [Math.round(Math.max(0, Math.min(width - 200, x))), Math.round(Math.max(0, Math.min(height - 120, y)))];
    this.place(points[0], points[1]);
    return points;
  }

  private listen() {
    const { text, handle } = this;
    text.addEventListener("input", () => {
      this.edited = true;
      clearTimeout(this.saver);
      this.saver = window.setTimeout(() => this.save(), 600);
    });
    text.addEventListener("blur", () => this.save());
    text.addEventListener("keydown", (e) => e.key === "Escape" && text.blur());
    handle.addEventListener("keydown", (e) => {
      const [dx, dy] = { ArrowLeft: [-20, 0], ArrowRight: [20, 0], ArrowUp: [0, -20], ArrowDown: [0, 20] }[e.key] ?? [0, 0];
      if (!dx && !dy) return;
      e.preventDefault();
      this.save(this.moveTo(this.m.points[0] + dx, this.m.points[1] + dy));
    });
    handle.addEventListener("pointerdown", (e) => {
      const at = this.at(e);
      this.drag = { x: this.m.points[0] - at.x, y: this.m.points[1] - at.y };
      handle.setPointerCapture(e.pointerId);
    });
    handle.addEventListener("pointermove", (e) => {
      if (this.drag) this.moveTo(this.at(e).x + this.drag.x, this.at(e).y + this.drag.y);
    });
    const drop = (e: PointerEvent) => {
      if (!this.drag) return;
      const to = this.moveTo(this.at(e).x + this.drag.x, this.at(e).y + this.drag.y);
      this.drag = undefined;
      this.save(to);
    };
    handle.addEventListener("pointerup", drop);
    handle.addEventListener("pointercancel", drop);
  }

  private at(e: PointerEvent) {
    const box = this.board.getBoundingClientRect();
    return { x: ((e.clientX - box.left) / box.width) * width, y: ((e.clientY - box.top) / box.height) * height };
  }
}
