import { make } from "../kit/dom";

/** The histogram: a bar for each step, as high as the logarithm of its count. */
export class Bars {
  private bars: { root: HTMLElement; bar: HTMLElement; label: string }[] = [];

  constructor(
    private readonly root: HTMLElement,
    private readonly empty: HTMLElement,
    private readonly words: HTMLElement,
  ) {}

  show(limits: number[], counts: number[]) {
    if (!this.bars.length) this.build(limits);
    const sum = counts.reduce((a, b) => a + b, 0);
    const top = Math.log1p(Math.max(1, ...counts));
    this.bars.forEach(({ root, bar, label }, i) => {
      bar.style.height = `${(100 * Math.log1p(counts[i])) / top}%`;
      root.setAttribute("aria-label", `${label}: ${counts[i]}`);
      root.title = `${label}: ${counts[i]}`;
    });
    this.empty.hidden = sum > 0;
    this.words.textContent = sum ? `Half within ${quantile(limits, counts, 0.5)}, 99 % within ${quantile(limits, counts, 0.99)}.` : "";
  }

  private build(limits: number[]) {
    this.bars = [...limits, Infinity].map((limit, i) => {
      const root = make("li");
      const bar = make("span", "bar");
      const last = limit === Infinity;
      root.append(bar, make("span", "step mono", last ? `>${limits[i - 1]}` : String(limit).replace(/^0/, "")));
      return { root, bar, label: last ? `over ${limits[i - 1]} ms` : `up to ${limit} ms` };
    });
    this.root.replaceChildren(...this.bars.map((b) => b.root));
  }
}

function quantile(limits: number[], counts: number[], part: number): string {
  const due = part * counts.reduce((a, b) => a + b, 0);
  let sum = 0;
  const step = counts.findIndex((n) => (sum += n) >= due);
  return step < limits.length ? `${limits[step]} ms` : `more than ${limits[limits.length - 1]} ms`;
}
