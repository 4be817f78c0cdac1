import { button, make } from "../kit/dom";
import type { Quote } from "./feed";

interface Row {
  root: HTMLTableRowElement;
  pick: HTMLButtonElement;
  price: HTMLElement;
  change: HTMLElement;
  quote: Quote;
  dirty: boolean;
}

/** The table of all symbols. Prices may come at any rate; they are shown four times a second. */
export class PriceTable {
  private rows: Row[] = [];
  private chosen = "";

  constructor(
    private readonly root: HTMLElement,
    private readonly none: HTMLElement,
    private readonly onChoose: (symbol: string) => void,
  ) {
    root.addEventListener("keydown", (e) => {
      const way = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (!way) return;
      e.preventDefault();
      this.move(way);
    });
  }

  /** Shows the table that a line begins with. */
  begin(quotes: Quote[]) {
    if (this.rows.length !== quotes.length || this.rows.some((r, i) => r.quote.symbol !== quotes[i].symbol)) this.build(quotes);
    this.rows.forEach((row, i) => {
      row.quote = { ...quotes[i] };
      row.dirty = true;
    });
    this.paint();
  }

  /** Takes a price; returns how many changes of the symbol never came, or undefined for an old price. */
  price(index: number, price: number, n: number, at: number): number | undefined {
    const row = this.rows[index];
    if (!row || n <= row.quote.n) return undefined;
    const skipped = n - row.quote.n - 1;
    Object.assign(row.quote, { price, n, at });
    row.dirty = true;
    return skipped;
  }

  paint() {
    for (const row of this.rows) {
      if (!row.dirty) continue;
      row.dirty = false;
      const { price, open } = row.quote;
      const part = (100 * (price - open)) / open;
      row.price.textContent = price.toFixed(2);
      row.change.textContent = `${part >= 0 ? "▲" : "▼"} ${Math.abs(part).toFixed(2)} %`;
      row.change.className = `number mono ${part >= 0 ? "up" : "down"}`;
    }
  }

  find(letters: string) {
    const wanted = letters.trim().toUpperCase();
    let shown = 0;
    for (const row of this.rows) if (!(row.root.hidden = !row.quote.symbol.includes(wanted))) shown++;
    this.none.hidden = shown > 0;
    return this.rows.find((row) => !row.root.hidden)?.quote.symbol;
  }

  choose(symbol: string) {
    this.chosen = symbol;
    for (const row of this.rows) {
      const mine = row.quote.symbol === symbol;
      row.pick.setAttribute("aria-pressed", String(mine));
      row.pick.tabIndex = mine ? 0 : -1;
      row.root.classList.toggle("chosen", mine);
    }
  }

  quote(symbol: string) {
    return this.rows.find((row) => row.quote.symbol === symbol)?.quote;
  }

  private build(quotes: Quote[]) {
    this.rows = quotes.map((quote) => {
      const root = make("tr");
      const head = make("th");
      head.scope = "row";
      const pick = button(quote.symbol, () => this.onChoose(quote.symbol), "pick");
      head.append(pick);
      const price = make("td", "number mono");
      const change = make("td", "number mono");
      root.append(head, price, change);
      return { root, pick, price, change, quote, dirty: true };
    });
    this.root.replaceChildren(...this.rows.map((r) => r.root));
    this.choose(this.chosen || quotes[0].symbol);
  }

  private move(way: number) {
    const shown = this.rows.filter((row) => !row.root.hidden);
    const at = shown.findIndex((row) => row.quote.symbol === this.chosen);
    const next = shown[Math.min(shown.length - 1, Math.max(0, at + way))];
    if (!next) return;
    this.onChoose(next.quote.symbol);
    next.pick.focus();
  }
}
