import { token } from "../kit/theme";
import { height, kinds, type Mark, width } from "./wire";

export const colours = [
  ["Ink", "--ink"],
  ["Brass", "--brass"],
  ["Red", "--cord-1"],
  ["Blue", "--cord-2"],
  ["Violet", "--cord-3"],
  ["Green", "--cord-4"],
] as const;

export const sizes = [
  ["Thin", 3],
  ["Medium", 7],
  ["Thick", 16],
] as const;

/** The colours of the look of the moment. */
export class Palette {
  private kept: string[] = [];
  private ground = "";

  forget() {
    this.kept = [];
  }

  of(colour: number): string {
    if (!this.kept.length) {
      this.kept = colours.map(([, name]) => token(name));
      this.ground = token("--panel");
    }
    return this.kept[colour] ?? this.kept[0];
  }

  get paper(): string {
    this.of(0);
    return this.ground;
  }
}

export type Pen = CanvasRenderingContext2D;

/** Draws a mark, or what was added to a stroke from this coordinate on. Notes are not drawn here. */
export function draw(c: Pen, m: Mark, palette: Palette, from = 0) {
  const [x, y, x2, y2] = m.points;
  c.strokeStyle = c.fillStyle = palette.of(m.colour);
  c.lineWidth = sizes[m.size]?.[1] ?? sizes[0][1];
  c.lineCap = c.lineJoin = "round";
  c.beginPath();
  if (m.kind === kinds.pen) stroke(c, m.points, from);
  else if (m.kind === kinds.line) {
    c.moveTo(x, y);
    c.lineTo(x2, y2);
  } else if (m.kind === kinds.box) c.rect(Math.min(x, x2), Math.min(y, y2), Math.abs(x2 - x), Math.abs(y2 - y));
  else if (m.kind === kinds.circle) c.ellipse((x + x2) / 2, (y + y2) / 2, Math.abs(x2 - x) / 2, Math.abs(y2 - y) / 2, 0, 0, 7);
  c.stroke();
}

function stroke(c: Pen, p: number[], from: number) {
  const first = Math.max(0, from - 2);
  c.moveTo(p[first], p[first + 1]);
  if (p.length - first <= 2) c.lineTo(p[first] + 0.01, p[first + 1]); // a dot
  for (let i = first + 2; i < p.length; i += 2) c.lineTo(p[i], p[i + 1]);
}

/** Whether a point lies within reach of a mark's line. */
export function touches(m: Mark, x: number, y: number, reach: number): boolean {
  const p = outline(m);
  for (let i = 0; i < p.length; i += 2) {
    const j = Math.min(i + 2, p.length - 2);
    if (distance(x, y, p[i], p[i + 1], p[j], p[j + 1]) < reach + (sizes[m.size]?.[1] ?? 3) / 2) return true;
  }
  return false;
}

function outline(m: Mark): number[] {
  const [x, y, x2, y2] = m.points;
  if (m.kind === kinds.box) return [x, y, x2, y, x2, y2, x, y2, x, y];
  if (m.kind !== kinds.circle) return m.points;
  const round: number[] = [];
  for (let i = 0; i <= 24; i++) round.push((x + x2) / 2 + (Math.cos((i * Math.PI) / 12) * (x2 - x)) / 2, (y + y2) / 2 + (Math.sin((i * Math.PI) / 12) * (y2 - y)) / 2);
  return round;
}

function distance(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const l = (bx - ax) ** 2 + (by - ay) ** 2;
  const t = l ? Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / l)) : 0;
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}

/** The whole board as a picture of its own size, notes included. */
export async function picture(marks: Mark[], palette: Palette): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const c = canvas.getContext("2d")!;
  c.fillStyle = palette.paper;
  c.fillRect(0, 0, width, height);
  for (const m of marks) if (m.kind !== kinds.note) draw(c, m, palette);
  for (const m of marks) if (m.kind === kinds.note) drawNote(c, m, palette);
  return new Promise((yes, no) => canvas.toBlob((b) => (b ? yes(b) : no(new Error("The picture could not be made."))), "image/png"));
}

function drawNote(c: Pen, m: Mark, palette: Palette) {
  const [x, y] = m.points;
  c.fillStyle = token("--plate");
  c.strokeStyle = palette.of(m.colour);
  c.lineWidth = 3;
  c.fillRect(x, y, 240, 170);
  c.strokeRect(x, y, 240, 170);
  c.fillStyle = token("--ink");
  c.font = "20px sans-serif";
  lines(c, m.text ?? "", 216).slice(0, 6).forEach((line, i) => c.fillText(line, x + 12, y + 32 + i * 25));
}

function lines(c: Pen, text: string, room: number): string[] {
  const found: string[] = [];
  for (const part of text.split("\n")) {
    let line = "";
    for (const word of part.split(" ")) {
      if (line && c.measureText(`${line} ${word}`).width > room) {
        found.push(line);
        line = word;
      } else line = line ? `${line} ${word}` : word;
    }
    found.push(line);
  }
  return found;
}
