import { bodyOf, type Row } from "./row";
import { type Body, type Steer, step } from "./step";

const maxWaiting = 60; // steers; beyond two seconds a prediction is a guess

/**
 * Our own player ahead of the server: each steer moves it at once, and when the
 * server has done a steer, the ones after it are done again from there.
 */
export class Prediction {
  body: Body | undefined;
  /** How far what is shown is from where we are: it fades, so that corrections glide. */
  private offX = 0;
  private offY = 0;
  private waiting: { steer: Steer; at: number }[] = [];
  private before: Body | undefined; // a step ago, to show what lies between

  /** Does a steer that is on its way to the server. */
  steer(s: Steer) {
    this.waiting.push({ steer: s, at: performance.now() });
    if (this.waiting.length > maxWaiting) this.waiting.shift();
    if (!this.body) return;
    this.before = { ...this.body };
    step(this.body, s);
    this.offX *= 0.8;
    this.offY *= 0.8;
  }

  // drawer: begin
  /** The server's word on us. Gives back how long the steer it answers took, in ms; 0 for no new one. */
  correct(row: Row): number {
    const done = row[8];
    const answered = this.waiting.filter(({ steer }) => steer.seq <= done).at(-1);
    this.waiting = this.waiting.filter(({ steer }) => steer.seq > done);
    const truth = bodyOf(row);
    for (const { steer } of this.waiting) step(truth, steer); // again, from where the server is
    this.glide(truth);
    this.body = truth;
    return answered ? performance.now() - answered.at : 0;
  }
  // drawer: end

  forget() {
    this.body = this.before = undefined;
    this.waiting = [];
    this.offX = this.offY = 0;
  }

  /** Where to show us, with this part of the next step gone by. */
  shown(part: number): { x: number; y: number } | undefined {
    if (!this.body) return undefined;
    const from = this.before ?? this.body;
    return { x: from.x + (this.body.x - from.x) * part + this.offX, y: from.y + (this.body.y - from.y) * part + this.offY };
  }

  private glide(truth: Body) {
    if (!this.body) return;
    const dx = this.body.x - truth.x;
    const dy = this.body.y - truth.y;
    if (dx === 0 && dy === 0) return;
    if (Math.hypot(dx, dy) < 300) {
      this.offX += dx;
      this.offY += dy;
    }
    if (this.before) {
      this.before.x -= dx;
      this.before.y -= dy;
    }
  }
}
