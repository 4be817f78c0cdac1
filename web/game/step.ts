// One tick of a body, number for number as examples/game/body.go has it:
// examples/game/testdata/steps.json keeps the two together. It imports nothing.

export const width = 1600;
export const height = 1000;
export const radius = 28;
export const ticks = 30; // per second
export const fraction = 16; // places and speeds are whole sixteenths

const push = 64;
const drag = 0.88;
const kick = 700;
const bounce = 0.5;
const dashFor = 8;
const coolFor = 45;

/** What a player wants in one tick. */
export interface Steer {
  seq: number;
  dx: number; // -100 to 100
  dy: number;
  dash: boolean;
}

export interface Body {
  x: number;
  y: number;
  vx: number;
  vy: number;
  dash: number;
  cool: number;
}

/** Moves a body by one tick. */
export function step(b: Body, s: Steer) {
  let ax = s.dx / 100;
  let ay = s.dy / 100;
  const most = Math.sqrt(ax * ax + ay * ay);
  if (most > 1) {
    ax /= most;
    ay /= most;
  }
  if (s.dash && b.cool === 0 && (ax !== 0 || ay !== 0)) {
    const length = Math.sqrt(ax * ax + ay * ay);
    b.vx += (ax / length) * kick;
    b.vy += (ay / length) * kick;
    b.dash = dashFor;
    b.cool = coolFor;
  }
  b.vx = (b.vx + ax * push) * drag;
  b.vy = (b.vy + ay * push) * drag;
  b.x += b.vx / ticks;
  b.y += b.vy / ticks;
  [b.x, b.vx] = wall(b.x, b.vx, width);
  [b.y, b.vy] = wall(b.y, b.vy, height);
  b.dash = Math.max(0, b.dash - 1);
  b.cool = Math.max(0, b.cool - 1);
  b.x = round(b.x);
  b.y = round(b.y);
  b.vx = round(b.vx);
  b.vy = round(b.vy);
}

function wall(at: number, v: number, most: number): [number, number] {
  if (at < radius) return [radius, -v * bounce];
  if (at > most - radius) return [most - radius, -v * bounce];
  return [at, v];
}

const round = (v: number) => Math.floor(v * fraction + 0.5) / fraction;
