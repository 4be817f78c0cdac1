import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { connect } from "../kit/line";
import type { Pane } from "../kit/panes";
import type { Frame } from "./row";

export interface Listed {
  n: number;
  name: string;
  bot: boolean;
  away: boolean;
}

export interface Welcome {
  you: number; // 0 for a watcher
  seq: number;
  roster: Listed[];
  sparks: [number, number][];
}

export interface Ears {
  enter(): Promise<void>;
  leave(): void;
  tick(f: Frame): void;
  roster(all: Listed[]): void;
}

/** The line to the arena: what is heard goes to ears. */
export function arena(pane: Pane, ears: Ears) {
  // drawer: begin
  const protocol = new MessagePackHubProtocol();
  const line = connect("/gameHub", { pane, protocol, up: () => ears.enter(), down: () => ears.leave() });
  line.on("tick", (frame: Frame) => ears.tick(frame)); // the truth, 30 times a second
  // to enter: await line.invoke<Welcome>("Enter", key, name);
  // to steer: await line.send("Steer", { seq, dx, dy, dash });
  // drawer: end
  line.on("roster", (all: Listed[]) => ears.roster(all));
  return line;
}

/** The secret by which this pane is the same player after a break; kept for the tab. */
export function secret(pane: number): string {
  const place = `game-key-${pane}`;
  const kept = sessionStorage.getItem(place) ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  sessionStorage.setItem(place, kept);
  return kept;
}
