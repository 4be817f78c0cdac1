import { make } from "../kit/dom";
import type { Line } from "../kit/line";
import { cordOf, keepName, suggestedName } from "../kit/names";
import type { Pane } from "../kit/panes";
import { explain } from "../kit/patience";
import { toast } from "../kit/toast";
import { Card, euros, type Hand } from "./card";
import { type Change, type Ears, type Lot, room, type Sale, secret, type Snapshot } from "./room";

const maxSales = 12;
const rule = "A bid in the last seconds puts the hammer off: waiting wins nothing.";

/** One client of the auction in its pane. */
export class Bidder implements Ears, Hand {
  paddle = 0;
  private readonly cards: Card[] = [];
  private readonly name = this.pane.el<HTMLInputElement>("name");
  private readonly told = this.pane.el("told");
  private readonly key = secret(this.pane.index);
  private readonly line: Line;
  private readonly timer = setInterval(() => this.tick(), 250);
  private entered = false;
  private ahead = 0; // of the server's clock over this device's, in ms
  private leads = new Map<number, Lot>(); // where this bidder leads, by lot
  private sales: Sale[] = [];

  constructor(private readonly pane: Pane) {
    this.name.value = pane.name;
    this.line = room(pane, this);
    this.name.addEventListener("change", () => {
      this.name.value = this.name.value.trim() || suggestedName(pane.index);
      keepName(this.name.value, pane.index);
      if (this.line.up) void this.enter();
    });
    this.name.addEventListener("keydown", (e) => e.key === "Enter" && this.name.blur());
  }

  get up() {
    return this.entered;
  }

  now() {
    return Date.now() + this.ahead;
  }

  close() {
    clearInterval(this.timer);
  }

  // ---- what is heard -------------------------------------------------------

  /** Takes the paddle, again after every break, and shows how things are now. */
  async enter() {
    try {
      const s = await this.line.invoke<Snapshot>("Enter", this.key, this.name.value);
      this.ahead = s.now + this.line.trip / 2 - Date.now();
      this.paddle = s.paddle;
      this.tell("");
      this.pane.el("paddle").textContent = String(s.paddle);
      this.name.value = s.name;
      this.sales = s.sales;
      for (const lot of s.lots) this.show(lot);
      this.entered = true;
      this.showSales();
      for (const card of this.cards) card.enable();
    } catch (error) {
      this.tell(explain(error));
    }
  }

  leave() {
    this.entered = false;
    this.tell("The auction goes on without you. These are the last prices you heard.");
    for (const card of this.cards) card.enable();
  }

  changed = ({ view, sale }: Change) => {
    this.show(view);
    if (!sale) return;
    this.sales = [sale, ...this.sales.filter((s) => s.lot !== sale.lot)].slice(0, maxSales);
    this.showSales();
    if (sale.paddle === this.paddle) toast(`${this.name.value}, sold to you: ${sale.title} for ${euros(sale.price)}.`);
  };

  outbid = ({ view }: Change) => {
    this.leads.delete(view.lot);
    toast(`${this.name.value}, you are outbid: ${view.name} bids ${euros(view.price)} for the ${view.title}.`, "problem");
  };

  // ---- what is shown and done ----------------------------------------------

  /** A bid's result is its confirmation; a refusal is the sentence that says why. */
  async bid(lot: Lot, amount: number): Promise<string> {
    try {
      this.show(await this.line.invoke<Lot>("Bid", lot.lot, amount));
      return "";
    } catch (error) {
      return explain(error, "No answer came. When the line is back you see whether the bid counts.");
    }
  }

  private show(lot: Lot) {
    this.missed(lot);
    const card = (this.cards[lot.desk] ??= this.newCard(lot.desk));
    card.show(lot);
  }

  /** What happened to a lot of ours while the line was cut is told late rather than never. */
  private missed(lot: Lot) {
    const led = this.leads.get(lot.lot);
    if (lot.leader === this.paddle && !lot.sold) this.leads.set(lot.lot, lot);
    else if (lot.sold) this.leads.delete(lot.lot);
    else if (led && lot.rev > led.rev && lot.leader !== this.paddle && !this.entered) this.outbid({ view: lot, now: 0 });
  }

  private newCard(desk: number): Card {
    const card = new Card(this, `bid-${desk}-of-${this.pane.index}`);
    this.pane.el("lots").append(card.root);
    return card;
  }

  private showSales() {
    this.pane.el("unsold").hidden = this.sales.length > 0;
    this.pane.el("sales").replaceChildren(...this.sales.map((s) => {
      const item = make("li");
      const mine = s.paddle === this.paddle;
      item.append(make("span", "what", s.title), make("span", "mono", euros(s.price)), make("span", `who ${cordOf(s.name)}`, mine ? "to you" : `to ${s.name}`));
      return item;
    }));
    const mine = this.sales.filter((s) => s.paddle === this.paddle);
    const sum = mine.reduce((all, s) => all + s.price, 0);
    this.pane.el("won").textContent = mine.length ? `Of these ${mine.length === 1 ? "one is" : `${mine.length} are`} yours, for ${euros(sum)}.` : "You have bought nothing yet.";
  }

  private tick() {
    if (this.entered) for (const card of this.cards) card.tick();
  }

  private tell(text: string) {
    this.told.textContent = text || rule;
    this.told.className = text ? "problem" : "quiet";
  }
}
