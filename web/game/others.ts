import { bodyOf, type Frame, type Row } from "./row";
import { ticks } from "./step";

const behind = 3; // ticks: what is shown of the others lies so far back that two frames are around it
const maxFrames = 20;

export interface Seen {
  n: number;
  x: number;
  y: number;
  score: number;
  dash: number;
  cool: number;
}

/** The last frames, and what lies between two of them. */
export class Others {
  private frames: Frame[] = [];
  private clock = 0; // the server's tick at performance.now() 0

  add(f: Frame) {
    const last = this.frames.at(-1);
    if (last && f.tick <= last.tick) this.frames = []; // a server that began anew
    this.frames.push(f);
    if (this.frames.length > maxFrames) this.frames.shift();
    const sample = f.tick - (performance.now() / 1000) * ticks;
    this.clock = this.frames.length < 2 || Math.abs(sample - this.clock) > ticks ? sample : this.clock + (sample - this.clock) * 0.1;
  }

  forget() {
    this.frames = [];
  }

  get last(): Frame | undefined {
    return this.frames.at(-1);
  }

  /** Where everybody is now: between two frames, or as the last one says. */
  seen(smooth: boolean): Seen[] {
    const last = this.last;
    if (!last) return [];
    if (!smooth) return last.players.map((row) => seenAt(row));
    const now = this.clock + (performance.now() / 1000) * ticks - behind;
    const next = this.frames.findIndex((f) => f.tick > now);
    if (next <= 0) return (next < 0 ? last : this.frames[0]).players.map((row) => seenAt(row));
    const a = this.frames[next - 1];
    const b = this.frames[next];
    const part = (now - a.tick) / (b.tick - a.tick);
    const from = new Map(a.players.map((row) => [row[0], row]));
    return b.players.map((row) => seenAt(row, from.get(row[0]), part));
  }
}

function seenAt(row: Row, from: Row = row, part = 1): Seen {
  const a = bodyOf(from);
  const b = bodyOf(row);
  return { n: row[0], x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part, score: row[5], dash: row[6], cool: row[7] };
}
