import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { connect } from "../kit/line";
import type { Pane } from "../kit/panes";
import type { Reader } from "./reader";

export interface Quote {
  symbol: string;
  price: number;
  open: number;
  n: number; // grows by one with each change
  at: number;
}

export interface Table {
  now: number; // the server's clock
  quotes: Quote[];
}

export interface Trade {
  n: number;
  at: number;
  price: number;
  size: number;
  buy: boolean;
}

export interface Candle {
  at: number;
  open: number;
  high: number;
  low: number;
  close: number;
}

export interface Level {
  price: number;
  size: number;
}

export interface Look {
  candles: Candle[];
  trades: Trade[];
  bids: Level[];
  asks: Level[];
}

export interface Eyes {
  enter(): Promise<void>;
  leave(): void;
  price(index: number, price: number, n: number, at: number): void;
}

/** The ticker's line; reader says how fast it may read. */
export function feed(pane: Pane, reader: Reader, eyes: Eyes) {
  // drawer: begin
  const line = connect("/tickerHub", {
    pane,
    protocol: new MessagePackHubProtocol(),
    carriers: reader.carriers,
    up: () => eyes.enter(),
    down: () => eyes.leave(),
  });
  line.on("price", (index: number, price: number, n: number, at: number) => eyes.price(index, price, n, at));
  // on entering: show(await line.invoke<Table>("Subscribe", false));
  // one symbol: line.stream<Look>("Trades", "ARBX", 250).subscribe({ next: show, … })
  // drawer: end
  return line;
}
