import uPlot from "uplot";
import { axis, Plot } from "../kit/plot";
import { token } from "../kit/theme";
import type { Candle, Level } from "./feed";

const most = 120; // candles
const hidden = { paths: () => null, points: { show: false } };
const price = (all: number[]) => all.map((v) => (v < 100 ? v.toFixed(2) : v.toFixed(1)));
const minute = (s: number) => new Date(1000 * s).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** Candles of the chosen symbol. uPlot knows scales and axes; the candles are drawn here. */
export class Candles {
  private readonly list = new Map<number, Candle>();
  private readonly plot: Plot;

  constructor(root: HTMLElement) {
    const look = () => ({
      legend: { show: false },
      cursor: { show: false },
      axes: [axis({ size: 32, space: 90, values: (_, all) => all.map(minute) }), axis({ size: 64, values: (_, all) => price(all) })],
      series: [{}, hidden, hidden, hidden, hidden],
      hooks: { draw: [draw] },
    });
    this.plot = new Plot(root, look, this.data());
  }

  clear() {
    this.list.clear();
  }

  take(candles: Candle[]) {
    for (const c of candles) this.list.set(c.at, c);
    for (const at of this.list.keys()) if (this.list.size > most) this.list.delete(at);
    this.plot.set(this.data());
  }

  private data(): uPlot.AlignedData {
    const all = [...this.list.values()];
    return [all.map((c) => c.at / 1000), all.map((c) => c.open), all.map((c) => c.high), all.map((c) => c.low), all.map((c) => c.close)];
  }
}

function draw(u: uPlot) {
  const [x, open, high, low, close] = u.data as number[][];
  const { ctx } = u;
  const body = Math.max(1, (u.bbox.width / most) * 0.6);
  const colours = { up: token("--cord-4"), down: token("--cord-1") };
  ctx.save();
  for (let i = 0; i < x.length; i++) {
    const at = Math.round(u.valToPos(x[i], "x", true));
    const y = (v: number) => u.valToPos(v, "y", true);
    ctx.fillStyle = close[i] >= open[i] ? colours.up : colours.down;
    ctx.fillRect(at - 0.5, y(high[i]), 1, Math.max(1, y(low[i]) - y(high[i])));
    const top = y(Math.max(open[i], close[i]));
    ctx.fillRect(at - body / 2, top, body, Math.max(1, y(Math.min(open[i], close[i])) - top));
  }
  ctx.restore();
}

/** What is wanted and offered up to each price. */
export class Depth {
  private readonly plot: Plot;

  constructor(root: HTMLElement) {
    const side = (cord: string, align: 1 | -1) => ({
      stroke: token(cord),
      fill: token(cord) + "40",
      width: 2,
      points: { show: false },
      paths: uPlot.paths.stepped!({ align }),
    });
    const look = () => ({
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false }, y: { range: (_: uPlot, _low: number, high: number) => [0, Math.max(100, high * 1.1)] as [number, number] } },
      axes: [axis({ size: 32, space: 70, values: (_, all) => price(all) }), axis({ size: 64, space: 40 })],
      series: [{}, side("--cord-4", -1), side("--cord-1", 1)],
    });
    this.plot = new Plot(root, look, [[], [], []]);
  }

  show(bids: Level[], asks: Level[]) {
    const left = [...bids].reverse();
    const none = (n: number) => Array.from({ length: n }, () => null);
    this.plot.set([
      [...left, ...asks].map((l) => l.price),
      [...left.map((l) => l.size), ...none(asks.length)],
      [...none(left.length), ...asks.map((l) => l.size)],
    ]);
  }
}
