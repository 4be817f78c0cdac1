import { calm } from "../kit/dom";
import { cordOf } from "../kit/names";
import { onTheme, token } from "../kit/theme";
import { draw, Palette, type Pen } from "./paint";
import { height, kinds, type Mark, type Person, width } from "./wire";

/** Somebody's cursor: where it is shown, and where it is. */
interface Cursor {
  x: number;
  y: number;
  toX: number;
  toY: number;
  seen: number;
}

const idle = 8000; // ms after which a cursor fades

/**
 * The two layers of a board: ink, drawn once and then only added to, and on top
 * of it what changes all the time. It paints at most once a frame, and not at
 * all when nothing has changed.
 */
export class Easel {
  readonly palette = new Palette();
  /** What is being drawn and is not on the sheet yet. */
  preview: Mark | undefined;
  /** Our own place, while the keyboard moves it. */
  hand: [x: number, y: number] | undefined;
  private readonly inkPen: Pen;
  private readonly topPen: Pen;
  private readonly cursors = new Map<number, Cursor>();
  private people = new Map<number, string>();
  private whole = true; // all ink is to be drawn anew
  private added: [Mark, number][] = [];
  private topStale = true;
  private frame = 0;
  private frames: number[] = []; // when the last ones were painted
  private over = false;

  constructor(
    private readonly stage: HTMLElement,
    private readonly ink: HTMLCanvasElement,
    private readonly top: HTMLCanvasElement,
    private readonly all: () => Mark[],
    private readonly me: () => number,
  ) {
    this.inkPen = ink.getContext("2d", { alpha: true })!;
    this.topPen = top.getContext("2d")!;
    new ResizeObserver(() => this.fit()).observe(stage);
    onTheme(() => {
      this.palette.forget();
      this.redraw();
    });
  }

  close() {
    this.over = true;
    cancelAnimationFrame(this.frame);
  }

  redraw() {
    this.whole = true;
    this.added = [];
    this.touch();
  }

  grow(m: Mark, from: number) {
    if (!this.whole) this.added.push([m, from]);
    this.touch();
  }

  /** Something on the top layer has changed. */
  touch() {
    this.topStale = true;
    if (!this.frame && !this.over) this.frame = requestAnimationFrame((now) => this.paint(now));
  }

  move(n: number, x: number, y: number) {
    const c = this.cursors.get(n) ?? { x, y, toX: x, toY: y, seen: 0 };
    c.toX = x;
    c.toY = y;
    c.seen = performance.now();
    this.cursors.set(n, c);
    this.touch();
  }

  present(all: Person[]) {
    this.people = new Map(all.map((p) => [p.n, p.name]));
    for (const n of this.cursors.keys()) if (!this.people.has(n)) this.cursors.delete(n);
    this.touch();
  }

  /** Frames painted in the last second; 0 when nothing had to be. */
  get rate(): number {
    const since = performance.now() - 1000;
    this.frames = this.frames.filter((at) => at > since);
    return this.frames.length;
  }

  private fit() {
    const w = Math.round(this.stage.clientWidth * Math.min(2, devicePixelRatio));
    if (!w || w === this.ink.width) return;
    for (const c of [this.ink, this.top]) {
      c.width = w;
      c.height = Math.round((w * height) / width);
    }
    this.redraw();
  }

  private paint(now: number) {
    this.frame = 0;
    this.frames.push(now);
    const scale = this.ink.width / width;
    if (this.whole) this.paintAll(scale);
    for (const [m, from] of this.added.splice(0)) draw(this.inkPen, m, this.palette, from);
    if (this.topStale) this.paintTop(scale, now);
  }

  private paintAll(scale: number) {
    this.whole = false;
    this.inkPen.setTransform(1, 0, 0, 1, 0, 0);
    this.inkPen.clearRect(0, 0, this.ink.width, this.ink.height);
    this.inkPen.setTransform(scale, 0, 0, scale, 0, 0);
    for (const m of this.all()) if (m.kind !== kinds.note) draw(this.inkPen, m, this.palette);
  }

  private paintTop(scale: number, now: number) {
    this.topStale = false;
    const c = this.topPen;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, this.top.width, this.top.height);
    c.setTransform(scale, 0, 0, scale, 0, 0);
    if (this.preview) draw(c, this.preview, this.palette);
    if (this.hand) cross(c, ...this.hand, token("--brass"));
    c.font = `${Math.max(13 / (scale / Math.min(2, devicePixelRatio)), 16)}px "Source Sans 3", sans-serif`;
    let moving = false;
    const shades = [1, 2, 3, 4].map((i) => token(`--cord-${i}`)); // once a frame: it reads the style
    for (const [n, at] of this.cursors) {
      if (n === this.me() || now - at.seen > idle) continue;
      moving = step(at) || moving;
      const name = this.people.get(n) ?? "";
      arrow(c, at.x, at.y, name, shades[Number(cordOf(name).slice(-1)) - 1]);
    }
    if (moving) this.touch();
  }
}

/** Goes part of the way; false when it has arrived. */
function step(at: Cursor): boolean {
  const share = calm.matches ? 1 : 0.3;
  at.x += (at.toX - at.x) * share;
  at.y += (at.toY - at.y) * share;
  if (Math.abs(at.toX - at.x) + Math.abs(at.toY - at.y) > 0.5) return true;
  at.x = at.toX;
  at.y = at.toY;
  return false;
}

function arrow(c: Pen, x: number, y: number, name: string, shade: string) {
  c.fillStyle = shade;
  c.beginPath();
  c.moveTo(x, y);
  c.lineTo(x + 8, y + 22);
  c.lineTo(x + 12, y + 13);
  c.lineTo(x + 21, y + 11);
  c.fill();
  c.fillText(name, x + 18, y + 30);
}

function cross(c: Pen, x: number, y: number, shade: string) {
  c.strokeStyle = shade;
  c.lineWidth = 2;
  c.beginPath();
  c.moveTo(x - 14, y);
  c.lineTo(x + 14, y);
  c.moveTo(x, y - 14);
  c.lineTo(x, y + 14);
  c.stroke();
}
