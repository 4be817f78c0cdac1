import { button, paced } from "../kit/dom";
import type { Line } from "../kit/line";
import { keepName, suggestedName } from "../kit/names";
import type { Pane } from "../kit/panes";
import { explain } from "../kit/patience";
import { Easel } from "./easel";
import { hand, type Motion } from "./hand";
import { Notes } from "./notes";
import { colours, picture, sizes, touches } from "./paint";
import { Sheet } from "./sheet";
import { type Batch, board, type Ears, kinds, type Mark, maxPoints, newId, type Person, secret } from "./wire";

const tools = [
  ["Pen", "p"],
  ["Line", "l"],
  ["Box", "b"],
  ["Circle", "c"],
  ["Note", "n"],
  ["Eraser", "e"],
] as const;

const pace = 50; // ms between two pieces of a stroke, and two places of the cursor

/** One client of the whiteboard in its pane. */
export class Drawer implements Ears, Motion {
  private readonly easel: Easel;
  private readonly notes: Notes;
  private readonly sheet: Sheet;
  private readonly line: Line;
  private readonly name = this.pane.el<HTMLInputElement>("name");
  private readonly where = new URLSearchParams(location.search).get("board") ?? "Lobby";
  private readonly timer = setInterval(() => this.figures(), 500);
  private me = 0;
  private ready = false;
  private tool = 0;
  private colour = 0;
  private size = 1;
  private stroke: Mark | undefined; // of ours, under way
  private told = 0; // how many of its coordinates are on their way
  private erasing = false;

  constructor(private readonly pane: Pane) {
    this.easel = new Easel(pane.el("stage"), pane.el("ink"), pane.el("top"), () => this.sheet.inOrder(), () => this.me);
    this.notes = new Notes(pane.el("notes"), this);
    this.sheet = new Sheet({
      redraw: () => this.easel.redraw(),
      grow: (m, from) => this.easel.grow(m, from),
      note: (m) => this.notes.show(m),
      noNote: (id) => this.notes.remove(id),
      lost: () => this.again(),
    });
    this.name.value = pane.name;
    this.line = board(pane, this);
    hand(pane.el("top"), this);
    this.bar();
    this.listen();
    this.leave();
  }

  close() {
    clearInterval(this.timer);
    this.easel.close();
  }

  // ---- what is heard -------------------------------------------------------

  /** Enters, and reads everything there is: after a break, too. */
  async enter() {
    try {
      const you = await this.line.invoke<Person>("Enter", secret(this.pane.index), this.name.value, this.where);
      this.me = you.n;
      this.name.value = you.name;
      await this.sheet.read(() => items(this.line));
      this.ready = true;
      this.veil("");
      this.tell("");
      this.notes.resend();
    } catch (error) {
      this.veil(explain(error, "The board could not be read. It is tried again when the line is back."));
    }
    this.figures();
  }

  leave() {
    this.ready = false;
    this.stroke = undefined;
    this.easel.preview = undefined;
    this.veil(this.sheet.marks.size ? "You see the board as it was. Draw again when the line is back." : "The board comes when the line is there.");
    this.pane.el("count").textContent = "–";
  }

  news(b: Batch) {
    this.sheet.apply(b);
    for (const [n, x, y] of b.cursors ?? []) this.easel.move(n, x, y);
    if (!b.people) return;
    this.easel.present(b.people);
    this.pane.el("count").textContent = `${b.people.length} ${b.people.length === 1 ? "person" : "people"}`;
  }

  // ---- the hand ------------------------------------------------------------

  down(x: number, y: number) {
    if (!this.ready) return;
    this.tell("");
    if (this.tool === 5) {
      this.erasing = true;
      return this.rub(x, y);
    }
    const m: Mark = { id: newId(), n: 0, v: 0, kind: this.tool, colour: this.colour, size: this.size, points: [x, y], text: "", by: this.name.value };
    if (m.kind === kinds.note) return this.stick(m);
    if (m.kind !== kinds.pen) m.points.push(x, y);
    this.stroke = m;
    this.told = 0;
    if (m.kind === kinds.pen) this.sheet.put(m);
    else this.easel.preview = m;
    this.easel.touch();
  }

  move(x: number, y: number) {
    if (!this.ready) return;
    this.point(x, y);
    if (this.erasing) this.rub(x, y);
    const m = this.stroke && (this.sheet.marks.get(this.stroke.id) ?? this.stroke);
    if (!m) return;
    if (m.kind === kinds.pen) this.lengthen(m, x, y);
    else {
      m.points[2] = x;
      m.points[3] = y;
      this.easel.touch();
    }
  }

  up() {
    this.erasing = false;
    const m = this.stroke;
    if (!m) return;
    if (m.kind === kinds.pen) this.flush();
    this.stroke = undefined;
    this.easel.preview = undefined;
    if (m.kind === kinds.pen) return;
    this.sheet.put(m);
    void this.ask("Add", m);
  }

  hand(at: [number, number] | undefined) {
    this.easel.hand = at;
    this.easel.touch();
  }

  private lengthen(m: Mark, x: number, y: number) {
    const n = m.points.length;
    if (Math.hypot(x - m.points[n - 2], y - m.points[n - 1]) < 2) return;
    this.sheet.extend(m, [x, y]);
    if (m.points.length < 2 * maxPoints) return this.flushSoon();
    this.up(); // the stroke is full: another one goes on from here
    this.down(x, y);
  }

  private readonly flushSoon = paced(pace, () => this.flush());
  private readonly point = paced(pace, (x: number, y: number) => {
    if (this.ready) void this.line.send("Point", x, y).catch(() => {}); // a cut line tells of itself
  });

  /** Sends what the stroke under way has gained: everything of 50 ms at once. */
  private flush() {
    const m = this.stroke && this.sheet.marks.get(this.stroke.id);
    if (!m || m.points.length === this.told) return;
    const points = m.points.slice(this.told);
    const first = this.told === 0;
    this.told = m.points.length;
    void (first ? this.ask("Add", { ...m, points }) : this.ask("Extend", m.id, points));
  }

  private stick(m: Mark) {
    m.points = [Math.min(m.points[0], 1350), Math.min(m.points[1], 820)];
    this.sheet.put(m);
    void this.ask("Add", m);
    this.choose("tools", 0);
    requestAnimationFrame(() => this.notes.focus(m.id)); // after the press that made it
  }

  private rub(x: number, y: number) {
    const hit = this.sheet.inOrder().filter((m) => m.kind !== kinds.note && touches(m, x, y, 14));
    if (hit.length) this.erase(hit.slice(-20).map((m) => m.id));
  }

  // ---- what is asked of the board ------------------------------------------

  erase(ids: string[]) {
    for (const id of ids) this.sheet.remove(id);
    void this.ask("Erase", ids);
  }

  async change(m: Mark): Promise<boolean> {
    return (await this.ask("Change", m)) !== false;
  }

  /** What is refused was never on the board: the page shows the true one again. */
  private async ask(method: string, ...args: unknown[]): Promise<unknown> {
    try {
      return await this.line.invoke<unknown>(method, ...args);
    } catch (error) {
      this.tell(explain(error, "That did not reach the board."));
      this.stroke = undefined;
      this.easel.preview = undefined;
      this.again();
      return false;
    }
  }

  private readonly again = paced(1000, () => {
    if (this.ready) void this.sheet.read(() => items(this.line)).catch(() => {}); // a cut line tells of itself
  });

  private async undo(method: "Undo" | "Redo") {
    if (!this.ready) return;
    this.tell("");
    if (!(await this.ask(method)) && !this.pane.el("problem").textContent) this.tell(`There is nothing of yours to ${method.toLowerCase()}.`);
  }

  private async save() {
    const link = document.createElement("a");
    link.download = "whiteboard.png";
    link.href = URL.createObjectURL(await picture(this.sheet.inOrder(), this.easel.palette));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  // ---- what is shown -------------------------------------------------------

  private figures() {
    const n = this.sheet.marks.size;
    const label = `The board with ${n} ${n === 1 ? "mark" : "marks"}`;
    const ink = this.pane.el("ink");
    if (ink.getAttribute("aria-label") !== label) ink.setAttribute("aria-label", label);
    const rate = this.easel.rate;
    this.pane.el("rate").textContent = rate < 5 ? "–" : String(rate); // little to paint is not slow
  }

  private veil(text: string) {
    const veil = this.pane.el("veil");
    veil.textContent = text;
    veil.hidden = !text;
  }

  private tell(text: string) {
    this.pane.el("problem").textContent = text;
  }

  private bar() {
    tools.forEach(([name, key], i) => this.add("tools", i, button(name, () => this.choose("tools", i), "small"), `${name} (${key.toUpperCase()})`));
    colours.forEach(([name], i) => this.add("colours", i, button("", () => this.choose("colours", i), `swatch colour-${i}`), name));
    sizes.forEach(([name], i) => this.add("sizes", i, button("", () => this.choose("sizes", i), `swatch size-${i}`), name));
    this.choose("tools", this.tool);
    this.choose("colours", this.colour);
    this.choose("sizes", this.size);
  }

  private add(set: string, i: number, b: HTMLButtonElement, title: string) {
    b.title = title;
    b.dataset.i = String(i);
    if (!b.textContent) b.setAttribute("aria-label", title);
    this.pane.el(set).append(b);
  }

  private choose(set: "tools" | "colours" | "sizes", i: number) {
    if (set === "tools") this.tool = i;
    else if (set === "colours") this.colour = i;
    else this.size = i;
    for (const b of this.pane.el(set).children) b.setAttribute("aria-pressed", String((b as HTMLElement).dataset.i === String(i)));
  }

  private listen() {
    const { name, pane } = this;
    name.addEventListener("change", () => {
      name.value = name.value.trim() || suggestedName(pane.index);
      keepName(name.value, pane.index);
      if (this.line.up) void this.enter();
    });
    name.addEventListener("keydown", (e) => e.key === "Enter" && name.blur());
    pane.el("undo").addEventListener("click", () => void this.undo("Undo"));
    pane.el("redo").addEventListener("click", () => void this.undo("Redo"));
    pane.el("save").addEventListener("click", () => void this.save());
    pane.root.addEventListener("keydown", (e) => {
      if (e.target instanceof HTMLInputElement || e.target instanceof HTMLTextAreaElement) return;
      const key = e.key.toLowerCase();
      const tool = tools.findIndex(([, k]) => k === key);
      if ((e.ctrlKey || e.metaKey) && (key === "z" || key === "y")) {
        e.preventDefault();
        void this.undo(key === "y" || e.shiftKey ? "Redo" : "Undo");
      } else if (tool >= 0 && !e.ctrlKey && !e.metaKey && !e.altKey) this.choose("tools", tool);
    });
  }
}

/** Everything on the board as the server streams it. */
async function* items(line: Line): AsyncIterable<Mark[]> {
  const got: Mark[][] = [];
  let wake = () => {};
  let end: { error?: unknown } | undefined;
  line.stream<Mark[]>("Marks").subscribe({
    next: (some) => (got.push(some), wake()),
    complete: () => ((end = {}), wake()),
    error: (error) => ((end = { error }), wake()),
  });
  for (;;) {
    while (got.length) yield got.shift()!;
    if (end) {
      if (end.error) throw end.error;
      return;
    }
    await new Promise<void>((done) => (wake = done));
  }
}
