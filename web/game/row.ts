// How players travel. It imports nothing but the step.
import { type Body, fraction } from "./step";

/** A player in a frame: number, place and speed in sixteenths, score, ticks of dash and of cooling, last steer done. */
export type Row = [n: number, x: number, y: number, vx: number, vy: number, score: number, dash: number, cool: number, seq: number];

export interface Frame {
  tick: number;
  players: Row[];
  sparks?: [number, number][];
  thefts?: [thief: number, victim: number, sparks: number][];
  winner: number;
  rest: number;
}

export const bodyOf = ([, x, y, vx, vy, , dash, cool]: Row): Body => ({ x: x / fraction, y: y / fraction, vx: vx / fraction, vy: vy / fraction, dash, cool });
