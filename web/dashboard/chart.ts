import { token } from "../kit/theme";

const points = 120; // of half a second
type Row = (number | null)[];

/** Messages, readings and lines of the last minute. */
export class Chart {
  private readonly x: number[] = Array.from({ length: points }, (_, i) => (i - points + 1) / 2);
  private readonly rows: Row[] = [0, 1, 2].map(() => Array.from({ length: points }, () => null));
  private draw = () => {};

  constructor(root: HTMLElement) {
    void this.load(root);
  }

  push(...values: Row) {
    values.forEach((v, i) => {
      this.rows[i].push(v);
      this.rows[i].shift();
    });
    this.draw();
  }

  /** Fills in the readings of the time before this page came. */
  past(readings: number[]) {
    const row = this.rows[1];
    row.fill(null);
    readings.slice(-points).forEach((v, i, all) => (row[points - all.length + i] = v));
    this.draw();
  }

  private async load(root: HTMLElement) {
    const { axis, Plot } = await import("../kit/plot");
    const look = () => ({
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false }, y: { range: (_: unknown, _low: number, high: number) => [0, Math.max(10, high * 1.15)] as [number, number] } },
      axes: [axis({ values: (_, all) => all.map((v) => (v === 0 ? "now" : `${v} s`)), space: 60, size: 32 }), axis({ size: 44, space: 40 })],
      series: [{}, ...[2, 4, 1].map((cord) => ({ stroke: token(`--cord-${cord}`), width: 2, points: { show: false } }))],
    });
    const data = () => [this.x, ...this.rows] as never;
    const plot = new Plot(root, look, data());
    this.draw = () => plot.set(data());
  }
}
