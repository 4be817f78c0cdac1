import { type Batch, kinds, type Mark } from "./wire";

/** What a sheet tells its painter. */
export interface Painter {
  /** Something changed that cannot be drawn on top. */
  redraw(): void;
  /** A mark lies on top of all others, or grew there from this coordinate on. */
  grow(m: Mark, from: number): void;
  note(m: Mark): void;
  noNote(id: string): void;
  /** News does not fit to what is here: everything must be read again. */
  lost(): void;
}

/** The marks as this page knows them: the server's, and our own before it has told them back. */
export class Sheet {
  readonly marks = new Map<string, Mark>();
  private held: Batch[] | undefined; // news that came while everything was being read
  private reading: Promise<void> = Promise.resolve();

  constructor(private readonly painter: Painter) {}

  /** Marks from below to above. */
  inOrder(): Mark[] {
    return [...this.marks.values()].sort((a, b) => (a.n || Infinity) - (b.n || Infinity));
  }

  /** Reads everything anew, one reading after the other; what is here and not there any more vanishes. */
  read(all: () => AsyncIterable<Mark[]>): Promise<void> {
    const mine = this.reading.then(() => this.readAll(all()));
    this.reading = mine.catch(() => {}); // the caller hears of it
    return mine;
  }

  private async readAll(all: AsyncIterable<Mark[]>) {
    this.held = [];
    const there = new Set<string>();
    try {
      for await (const some of all)
        for (const m of some) {
          there.add(m.id);
          this.marks.delete(m.id); // ours may hold points that did not get through
          this.put(m);
        }
      for (const id of [...this.marks.keys()]) if (!there.has(id)) this.remove(id);
    } finally {
      const held = this.held;
      this.held = undefined;
      for (const b of held) this.apply(b);
      this.painter.redraw();
    }
  }

  apply(b: Batch) {
    if (this.held) return void this.held.push(b);
    for (const m of b.marks ?? []) this.put(m);
    for (const { id, at, points } of b.more ?? []) {
      const m = this.marks.get(id);
      if (m && m.points.length < at) this.painter.lost();
      else if (m) this.extend(m, points.slice(m.points.length - at));
    }
    for (const id of b.gone ?? []) this.remove(id);
  }

  /** Takes a mark as it is, unless a newer version is here. Our own stroke may be ahead of the server's. */
  put(m: Mark) {
    const old = this.marks.get(m.id);
    if (old && m.v < old.v) return;
    if (old && m.kind === kinds.pen && old.points.length > m.points.length) m.points = old.points;
    this.marks.set(m.id, m);
    if (m.kind === kinds.note) this.painter.note(m);
    else if (!old) this.painter.grow(m, 0);
    else if (!old.v) this.painter.grow(m, old.points.length); // ours, confirmed
    else this.painter.redraw();
  }

  extend(m: Mark, points: number[]) {
    if (!points.length) return;
    const from = m.points.length;
    m.points.push(...points);
    this.painter.grow(m, from);
  }

  remove(id: string) {
    const m = this.marks.get(id);
    if (!m) return;
    this.marks.delete(id);
    if (m.kind === kinds.note) this.painter.noNote(id);
    else this.painter.redraw();
  }
}
