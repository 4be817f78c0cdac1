import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { token, onTheme } from "./theme";

export type Look = Omit<uPlot.Options, "width" | "height">;

/**
 * A chart that fills its element and follows the look. `look` is asked anew
 * when light and dark change; text for those who cannot see it belongs beside
 * it. Load this file with `await import("../kit/plot")`: it brings uPlot.
 */
export class Plot {
  chart!: uPlot;
  private data: uPlot.AlignedData;

  constructor(
    private readonly root: HTMLElement,
    private readonly look: () => Look,
    data: uPlot.AlignedData,
  ) {
    this.data = data;
    root.style.overflow = "hidden"; // a chart that has not shrunk yet shall not widen the page
    this.build();
    onTheme(() => this.build());
    new ResizeObserver(() => this.chart.setSize(this.size())).observe(root);
  }

  set(data: uPlot.AlignedData) {
    this.data = data;
    if (!document.hidden) this.chart.setData(data);
  }

  private build() {
    this.chart?.destroy();
    this.chart = new uPlot({ ...this.look(), ...this.size() }, this.data, this.root);
  }

  private size() {
    return { width: Math.max(1, this.root.clientWidth), height: Math.max(1, this.root.clientHeight) };
  }
}

/** An axis in the page's type and colours. */
export function axis(o: uPlot.Axis = {}): uPlot.Axis {
  const line = { stroke: token("--edge"), width: 1 };
  return { stroke: token("--ink-2"), font: `13px ${token("--mono")}`, grid: line, ticks: { ...line, size: 4 }, ...o };
}
