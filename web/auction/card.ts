import { make } from "../kit/dom";
import { cordOf } from "../kit/names";
import { icon } from "./icons";
import type { Lot } from "./room";

export const euros = (amount: number) => `€\u202f${amount.toLocaleString("en")}`;

const justNow = 500; // ms: nobody has read a price in less

/** The whole number that was typed, NaN for anything else. */
const digits = (text: string) => (/^\d+$/.test(text.replace(/[\s€]/g, "")) ? Number(text.replace(/[\s€]/g, "")) : NaN);

/** What a card needs to know of its bidder. */
export interface Hand {
  paddle: number;
  up: boolean;
  /** The server's time now, in ms since 1970. */
  now(): number;
  bid(lot: Lot, amount: number): Promise<string>;
}

/** One desk with the lot that is on it. */
export class Card {
  readonly root = make("li", "plate lot");
  private readonly title = make("h2");
  private readonly text = make("p", "quiet");
  private readonly price = make("span", "price mono");
  private readonly leader = make("span", "leader");
  private readonly time = make("span", "time mono");
  private readonly call = make("span", "call");
  private readonly fill = make("span", "fill");
  private readonly form = make("form", "row");
  private readonly amount = make("input", "mono");
  private readonly submit = make("button", "main", "Bid");
  private readonly answer = make("p", "answer");
  private readonly last = make("ol", "last");
  private readonly label = make("label", "unseen");
  private picture: Element = icon("plate");
  private lot!: Lot;
  private drawn = -1; // the lot whose head is shown
  private mine = false; // led, or did before somebody bid more
  private busy = false;
  private edited = false; // the amount is the person's own
  private raised = -Infinity; // when our suggestion last changed

  constructor(
    private readonly hand: Hand,
    id: string,
  ) {
    const head = make("div", "head");
    const words = make("div");
    words.append(this.title, this.text);
    head.append(this.picture, words);
    const state = make("div", "state");
    state.append(this.price, this.leader);
    const clock = make("div", "clock");
    const track = make("div", "track");
    track.setAttribute("aria-hidden", "true");
    track.append(this.fill);
    clock.append(this.time, this.call, track);
    this.amount.id = id;
    this.label.htmlFor = id;
    this.amount.inputMode = "numeric";
    this.amount.autocomplete = "off";
    this.amount.maxLength = 12;
    this.answer.setAttribute("role", "status");
    this.amount.addEventListener("input", () => (this.edited = this.amount.value !== ""));
    this.form.append(this.label, this.amount, this.submit);
    this.form.addEventListener("submit", (e) => {
      e.preventDefault();
      void this.bid();
    });
    this.last.setAttribute("aria-label", "Last bids, newest first");
    this.root.append(head, state, clock, this.form, this.answer, this.last);
  }

  /** Shows a lot unless a newer state of it is shown already. */
  show(lot: Lot) {
    if (this.lot && lot.rev < this.lot.rev) return;
    this.lot = lot;
    if (lot.lot !== this.drawn) this.unpack(lot);
    const leads = lot.leader === this.hand.paddle;
    this.mine ||= leads;
    this.root.dataset.state = lot.sold ? "sold" : leads ? "mine" : this.mine ? "outbid" : "open";
    this.price.textContent = lot.price ? euros(lot.price) : euros(lot.next);
    this.leader.textContent = this.words(lot, leads);
    this.suggest(lot.next);
    this.last.replaceChildren(...lot.last.slice(0, 3).map((o) => {
      const item = make("li");
      item.append(make("span", `who ${cordOf(o.name)}`, o.paddle === this.hand.paddle ? "You" : o.name), make("span", "mono", euros(o.amount)));
      return item;
    }));
    if (!lot.last.length) this.last.append(make("li", "quiet", "Nobody has bid yet."));
    this.enable();
    this.tick();
  }

  /** Up or down: a bid needs a line. */
  enable() {
    const why = !this.hand.up ? "Not connected" : !this.lot || this.lot.sold ? "Sold" : this.lot.leader === this.hand.paddle ? "You lead already" : "";
    this.submit.disabled = this.busy || why !== "";
    this.submit.title = why;
    this.submit.textContent = why === "You lead already" ? "You lead" : "Bid";
    this.amount.disabled = !this.hand.up || !this.lot || this.lot.sold;
  }

  /** Brings the clock up to date; called four times a second. */
  tick() {
    const { ends, run, late, sold, puts } = this.lot;
    const left = ends ? Math.max(0, ends - this.hand.now()) : run;
    const closing = ends > 0 && !sold && left <= late;
    this.time.textContent = sold ? "Sold" : `${Math.ceil(left / 1000)} s`;
    this.call.textContent = sold ? "The next lot comes up" : !ends ? "from the first bid" : closing ? going(left / late) : puts ? `put off ${puts}×` : "left";
    this.root.classList.toggle("closing", closing);
    this.fill.style.transform = `scaleX(${sold ? 0 : Math.min(1, left / run)})`;
  }

  /** Fills in the next possible bid; what a person typed stays as long as it could be accepted. */
  private suggest(next: number) {
    if (this.edited && !(digits(this.amount.value) < next)) return;
    this.edited = false;
    if (this.amount.value === String(next)) return;
    if (this.amount.value) this.raised = performance.now();
    this.amount.value = String(next);
  }

  private words(lot: Lot, leads: boolean): string {
    const who = leads ? "you" : lot.name;
    if (lot.sold) return leads ? "is yours" : `to ${who}`;
    if (lot.leader < 0) return "is the first bid";
    return leads ? "You lead" : this.mine ? `Outbid by ${who}` : `${who} leads`;
  }

  /** A new lot has taken the desk. */
  private unpack(lot: Lot) {
    this.drawn = lot.lot;
    this.mine = false;
    this.title.textContent = lot.title;
    this.text.textContent = lot.phone ? `${lot.text} The telephone bidder likes it.` : lot.text;
    this.label.textContent = `Your bid for the ${lot.title}, in euros`;
    this.answer.textContent = "";
    this.amount.value = "";
    this.edited = false;
    const picture = icon(lot.icon);
    this.picture.replaceWith(picture);
    this.picture = picture;
  }

  private async bid() {
    if (this.submit.disabled) return;
    const amount = digits(this.amount.value);
    this.say("");
    if (Number.isNaN(amount)) return this.say("A bid is a whole number of euros.");
    if (!this.edited && performance.now() - this.raised < justNow) return this.say("Somebody was faster and the price has just risen. Look again.");
    this.busy = true;
    this.enable();
    this.say(await this.hand.bid(this.lot, amount));
    this.busy = false;
    this.enable();
  }

  private say(text: string) {
    this.answer.textContent = text;
    if (text) this.amount.select();
  }
}

/** What an auctioneer says with so much of the last stretch left. */
const going = (part: number) => (part > 0.6 ? "Going once…" : part > 0.25 ? "Going twice…" : "Last call…");
