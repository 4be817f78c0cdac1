import { clock, make, paced } from "../kit/dom";
import { allTransports, HttpTransportType, type Line } from "../kit/line";
import type { Pane } from "../kit/panes";
import { explain } from "../kit/patience";
import { Books } from "./books";
import type { Candles, Depth } from "./charts";
import { type Eyes, feed, type Look, type Table, type Trade } from "./feed";
import { Reader } from "./reader";
import { PriceTable } from "./table";

/** Steps of the slider, in kB/s; 0: all there is. What a symbol's stream sends fits into a part of it. */
const widths = [0, 64, 32, 16, 8, 4, 2];
const shownTrades = 12;

/** One reader of the market in its pane. */
export class Client implements Eyes {
  private readonly reader = new Reader();
  private readonly books = new Books();
  private readonly table = new PriceTable(this.pane.el("rows"), this.pane.el("none"), (symbol) => this.choose(symbol));
  private readonly width = this.pane.el<HTMLInputElement>("width");
  private readonly every = this.pane.el<HTMLInputElement>("every");
  private readonly find = this.pane.el<HTMLInputElement>("find");
  private readonly line: Line;
  private readonly timer = setInterval(() => this.tick(), 250);
  private charts?: { candles: Candles; depth: Depth };
  private stream?: { dispose(): void };
  private streams = 0; // opened so far
  private symbol = new URLSearchParams(location.search).get("symbol")?.toUpperCase() ?? "ARBX";
  private held: Parameters<Eyes["price"]>[] | undefined; // prices that come while the table does
  private trades: Trade[] = [];

  constructor(private readonly pane: Pane) {
    this.line = feed(pane, this.reader, this);
    this.listen();
    void this.load();
  }

  /** The kit calls it when the pane closes. */
  close() {
    clearInterval(this.timer);
  }

  // ---- what is heard -------------------------------------------------------

  async enter() {
    await this.subscribe();
    this.choose(this.symbol);
  }

  leave() {
    this.stream = undefined; // it has ended with the line
    for (const id of ["prices", "skipped", "bytes", "behind"]) this.pane.el(id).textContent = "–";
    this.pane.el("proof").textContent = "No prices come. What you see is old.";
  }

  price(...p: Parameters<Eyes["price"]>) {
    if (this.held) return void this.held.push(p);
    const skipped = this.table.price(...p);
    if (skipped !== undefined) this.books.price(skipped, p[3]);
  }

  private async subscribe() {
    this.held = [];
    const from = performance.now();
    try {
      const { now, quotes } = await this.line.invoke<Table>("Subscribe", this.every.checked);
      this.books.begin(now, this.reader.slowed ? 0 : performance.now() - from, quotes);
      this.table.begin(quotes);
    } finally {
      const held = this.held ?? [];
      this.held = undefined;
      for (const p of held) this.price(...p);
    }
  }

  private choose(symbol: string) {
    this.symbol = symbol;
    this.table.choose(symbol);
    this.pane.el("name").textContent = symbol;
    this.stream?.dispose();
    this.stream = undefined;
    const mine = ++this.streams; // of the one before, items may still be on their way
    this.trades = [];
    this.charts?.candles.clear();
    if (!this.line.up) return;
    const width = widths[Number(this.width.value)];
    this.stream = this.line.stream<Look>("Trades", symbol, width ? 32_000 / width : 0).subscribe({
      next: (look) => mine === this.streams && this.look(look),
      error: (error) => this.line.up && (this.pane.el("problem").textContent = explain(error, "")),
      complete: () => {},
    });
    this.pane.el("problem").textContent = "";
  }

  private look({ candles, trades, bids, asks }: Look) {
    this.charts?.candles.take(candles);
    this.charts?.depth.show(bids, asks);
    if (!trades.length) return;
    this.trades = [...trades.reverse(), ...this.trades].slice(0, shownTrades);
    this.showTrades();
  }

  // ---- what is shown -------------------------------------------------------

  private tick() {
    this.table.paint();
    const quote = this.table.quote(this.symbol);
    if (quote) this.pane.el("last").textContent = quote.price.toFixed(2);
    if (this.line.up && !this.held) this.figures();
  }

  private readonly figures = paced(1000, () => {
    if (!this.line.up) return;
    const { prices, skipped, bytes, behind } = this.books.figures(this.reader.bytes);
    const text = (id: string, t: string) => (this.pane.el(id).textContent = t);
    text("prices", prices.toFixed(0));
    text("skipped", (100 * skipped).toFixed(0));
    text("bytes", (bytes / 1000).toFixed(1));
    text("behind", (behind / 1000).toFixed(1));
    text("proof", this.proof(skipped, behind));
  });

  private proof(skipped: number, behind: number): string {
    const seconds = `${(behind / 1000).toFixed(1)} s`;
    if (skipped > 0.02) return `Of 100 changes ${Math.round(100 * (1 - skipped))} came; the rest was replaced by a newer price. The table was never more than ${seconds} behind.`;
    if (behind > 3000) return `Every change comes, and waits its turn: the table was up to ${seconds} behind.`;
    return "Every change comes at once.";
  }

  private readonly showTrades = paced(250, () => {
    this.pane.el("trades").replaceChildren(
      ...this.trades.map((t) => {
        const row = make("li", t.buy ? "up" : "down");
        row.append(make("span", "", clock(new Date(t.at))), make("span", "", `${t.buy ? "▲" : "▼"} ${t.price.toFixed(2)}`), make("span", "", String(t.size)));
        return row;
      }),
    );
  });

  private async load() {
    const { Candles, Depth } = await import("./charts");
    this.charts = { candles: new Candles(this.pane.el("candles")), depth: new Depth(this.pane.el("depth")) };
    if (this.line.up) this.choose(this.symbol); // what came before was for no charts
  }

  // ---- what people do ------------------------------------------------------

  private listen() {
    this.width.addEventListener("input", () => this.say());
    this.width.addEventListener("change", () => this.setWidth());
    this.say();
    this.every.addEventListener("change", () => {
      if (this.line.up) void this.subscribe().catch((error) => (this.pane.el("problem").textContent = explain(error)));
    });
    this.find.addEventListener("input", () => this.table.find(this.find.value));
    this.find.addEventListener("keydown", (e) => {
      const first = e.key === "Enter" && this.table.find(this.find.value);
      if (first) this.choose(first);
      if (e.key === "Escape") this.table.find((this.find.value = ""));
    });
  }

  private say() {
    const width = widths[Number(this.width.value)];
    const text = width ? `${width} kB/s, by long polling` : "all there is";
    this.pane.el("width-text").textContent = text;
    this.width.setAttribute("aria-valuetext", text);
  }

  private setWidth() {
    const width = widths[Number(this.width.value)];
    const changed = this.reader.slowed !== width > 0;
    this.reader.slow(1000 * width);
    if (changed) this.line.allow(width ? HttpTransportType.LongPolling : allTransports);
    else this.choose(this.symbol); // its stream keeps to the new width
  }
}
