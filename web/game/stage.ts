import { onTheme, token } from "../kit/theme";
import type { Seen } from "./others";
import { height, radius, width } from "./step";
import type { Listed } from "./wire";

/** What is to be seen at one moment. */
export interface Scene {
  you: number;
  players: Seen[];
  sparks: [number, number][];
  stick?: { x: number; y: number; dx: number; dy: number }; // in pixels of the canvas on the page
  banner: string; // who has won, while the round rests
}

const coolFor = 45;
const names = ["--panel", "--edge", "--edge-2", "--ink", "--ink-2", "--brass", "--cord-1", "--cord-2", "--cord-3", "--cord-4", "--wait"] as const;

/** The class of a player's colour. */
export const cordOfPlayer = (n: number) => `cord-${(n % 4) + 1}`;

const smallest = 0.42; // pixels to a unit of the floor: on a phone the view follows the player instead of shrinking

/** The floor, drawn anew each frame. */
export class Stage {
  private readonly pen: CanvasRenderingContext2D;
  private shades: Record<string, string> = {};
  private who = new Map<number, Listed>();
  private glow = 0;
  private last: Scene | undefined;

  constructor(
    private readonly root: HTMLElement,
    private readonly canvas: HTMLCanvasElement,
  ) {
    this.pen = canvas.getContext("2d")!;
    new ResizeObserver(() => this.fit()).observe(root);
    onTheme(() => {
      this.shades = {};
      if (this.last) this.draw(this.last); // a cut line draws no frames
    });
  }

  roster(all: Listed[]) {
    this.who = new Map(all.map((p) => [p.n, p]));
  }

  draw(s: Scene) {
    if (!this.shades["--ink"]) for (const name of names) this.shades[name] = token(name);
    this.last = s;
    const me = s.players.find((p) => p.n === s.you);
    const dense = this.canvas.width / this.root.clientWidth; // pixels of the canvas to one of the page
    const scale = Math.max(this.canvas.width / width, this.canvas.height / height, smallest * dense);
    const left = begin(me?.x, this.canvas.width / scale, width);
    const top = begin(me?.y, this.canvas.height / scale, height);
    const c = this.pen;
    c.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
    this.floor();
    this.glow = (this.glow + 0.05) % (2 * Math.PI);
    for (const [x, y] of s.sparks) this.spark(x, y);
    const size = Math.max(22, (12 * dense) / scale);
    for (const p of s.players) if (p !== me) this.player(p, false, size);
    if (me) this.player(me, true, size);
    c.setTransform(dense, 0, 0, dense, 0, 0);
    if (s.stick) this.stick(s.stick);
    if (s.banner) this.banner(s.banner);
  }

  private fit() {
    const dense = Math.min(2, devicePixelRatio);
    this.canvas.width = Math.round(this.root.clientWidth * dense);
    this.canvas.height = Math.round(this.root.clientHeight * dense);
    if (this.last) this.draw(this.last);
  }

  /** A panel of jacks. */
  private floor() {
    const c = this.pen;
    c.fillStyle = this.shades["--panel"];
    c.fillRect(0, 0, width, height);
    c.strokeStyle = this.shades["--edge"];
    c.lineWidth = 3;
    for (let x = 100; x < width; x += 200)
      for (let y = 100; y < height; y += 200) {
        c.beginPath();
        c.arc(x, y, 12, 0, 7);
        c.stroke();
      }
  }

  private spark(x: number, y: number) {
    const c = this.pen;
    c.fillStyle = this.shades["--wait"];
    c.beginPath();
    c.arc(x, y, 10, 0, 7);
    c.fill();
    c.globalAlpha = 0.18 + 0.08 * Math.sin(this.glow + x);
    c.beginPath();
    c.arc(x, y, 22, 0, 7);
    c.fill();
    c.globalAlpha = 1;
  }

  private player(p: Seen, mine: boolean, size: number) {
    const c = this.pen;
    const who = this.who.get(p.n);
    const name = who?.name ?? "";
    const shade = this.shades[`--${cordOfPlayer(p.n)}`];
    c.globalAlpha = who?.away ? 0.4 : 1;
    c.fillStyle = shade;
    c.beginPath();
    c.arc(p.x, p.y, radius, 0, 7);
    c.fill();
    if (p.dash > 0) this.ring(p, radius + 12, 1, shade, 6);
    if (mine) this.ring(p, radius + 4, 1 - p.cool / coolFor, this.shades["--brass"], 6); // full when a dash is ready
    c.textAlign = "center";
    c.fillStyle = this.shades["--panel"];
    c.font = `600 28px "Source Sans 3", sans-serif`;
    c.fillText(String(p.score), p.x, p.y + 10);
    c.fillStyle = this.shades["--ink"];
    c.font = `${size}px "Source Sans 3", sans-serif`;
    const below = p.y > height - 90;
    c.fillText(mine ? "You" : name.slice(0, 18), Math.min(width - 60, Math.max(60, p.x)), below ? p.y - radius - 16 : p.y + radius + size + 6);
    c.globalAlpha = 1;
  }

  private ring(p: Seen, r: number, part: number, shade: string, thick: number) {
    const c = this.pen;
    c.strokeStyle = shade;
    c.lineWidth = thick;
    c.beginPath();
    c.arc(p.x, p.y, r, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * part);
    c.stroke();
  }

  private stick({ x, y, dx, dy }: NonNullable<Scene["stick"]>) {
    const c = this.pen;
    c.globalAlpha = 0.5;
    c.strokeStyle = this.shades["--ink-2"];
    c.lineWidth = 3;
    c.beginPath();
    c.arc(x, y, 40, 0, 7);
    c.moveTo(x, y);
    c.lineTo(x + dx, y + dy);
    c.stroke();
    c.globalAlpha = 1;
  }

  private banner(text: string) {
    const c = this.pen;
    c.fillStyle = this.shades["--brass"];
    c.textAlign = "center";
    c.font = `600 24px "Source Sans 3", sans-serif`;
    c.fillText(text, this.root.clientWidth / 2, this.root.clientHeight / 3, this.root.clientWidth - 32);
  }
}

/** Where a view of this length begins, so that it is around a place and on the floor. */
const begin = (at: number | undefined, view: number, most: number) => Math.max(0, Math.min(most - view, (at ?? most / 2) - view / 2));
