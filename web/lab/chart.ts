import { token } from "../kit/theme";
import type { Way } from "./way";

const points = 120; // of half a second
const blank = () => Array.from({ length: points }, (): number | null => null);

/** The mean age of what arrives, one line for each way, the last minute. */
export class Chart {
  private readonly x = Array.from({ length: points }, (_, i) => (i - points + 1) / 2);
  private readonly y: (number | null)[][];
  private set?: (data: (number | null)[][]) => void;

  constructor(
    root: HTMLElement,
    private readonly ways: Way[],
  ) {
    this.y = ways.map(blank);
    void this.load(root);
  }

  /** Takes a point of each way: what came since a time. */
  note(since: number) {
    this.ways.forEach((way, i) => {
      const age = way.line.ledger.mean(since);
      this.y[i].push(age && Math.max(1, age));
      this.y[i].shift();
    });
    this.set?.([this.x, ...this.y]);
  }

  private async load(root: HTMLElement) {
    const { axis, Plot } = await import("../kit/plot");
    const look = () => ({
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false }, y: { distr: 3 as const, range: [1, 20_000] as [number, number] } },
      axes: [
        axis({ values: (_, all) => all.map((v) => (v === 0 ? "now" : `${v} s`)), space: 70, size: 32 }),
        axis({ splits: () => [1, 10, 100, 1000, 10_000], filter: (_, all) => all, values: (_, all) => all.map((v) => (v < 1000 ? `${v} ms` : `${v / 1000} s`)), size: 66 }),
      ],
      series: [{}, ...this.ways.map((_, i) => ({ stroke: token(`--cord-${i + 1}`), width: 2, spanGaps: true, points: { show: false } }))],
    });
    const plot = new Plot(root, look, [this.x, ...this.y] as never);
    this.set = (data) => plot.set(data as never);
  }
}
