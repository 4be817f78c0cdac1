import { connect } from "../kit/line";
import type { Pane } from "../kit/panes";

export interface Offer {
  amount: number;
  paddle: number;
  name: string;
}

export interface Lot {
  lot: number;
  rev: number;
  desk: number;
  title: string;
  text: string;
  icon: string;
  price: number;
  next: number;
  leader: number; // paddle; -1 for nobody
  name: string;
  bids: number;
  last: Offer[];
  ends: number; // ms since 1970 by the server's clock; 0: not started
  run: number;
  late: number;
  puts: number;
  sold: boolean;
  phone: boolean;
}

export interface Sale {
  lot: number;
  title: string;
  price: number;
  paddle: number;
  name: string;
  bids: number;
}

export interface Change {
  view: Lot;
  sale?: Sale;
  now: number;
}

export interface Snapshot {
  paddle: number;
  name: string;
  lots: Lot[];
  sales: Sale[];
  now: number;
}

export interface Ears {
  enter(): Promise<void>;
  leave(): void;
  changed(c: Change): void;
  outbid(c: Change): void;
}

/** The line to the room: what is heard goes to ears. */
export function room(pane: Pane, ears: Ears) {
  // drawer: begin
  const line = connect("/auctionHub", { pane, up: () => ears.enter(), down: () => ears.leave() });
  line.on("changed", (change: Change) => ears.changed(change)); // for everybody
  line.on("outbid", (change: Change) => ears.outbid(change)); // for whoever led before
  // to enter: const { lots, now } = await line.invoke<Snapshot>("Enter", key, name);
  // to bid: const confirmed = await line.invoke<Lot>("Bid", lot, amount);
  // drawer: end
  return line;
}

/** The secret by which this pane gets its paddle again after a break; kept for the tab. */
export function secret(pane: number): string {
  const place = `auction-key-${pane}`;
  const kept = sessionStorage.getItem(place);
  if (kept) return kept;
  const made = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  sessionStorage.setItem(place, made);
  return made;
}
