import { connect } from "../kit/line";
import type { Pane } from "../kit/panes";

export type Role = "customer" | "agent";

export interface Entry {
  n: number;
  kind: "customer" | "agent" | "news" | "staff";
  name?: string;
  text: string;
  at: number;
  case: number;
  state: State;
}

export type State = "waiting" | "open" | "closed";

export interface Case {
  case: number;
  customer: string;
  state: State;
  entries: Entry[];
  /** Lines that came while another case was looked at. */
  unseen?: number;
}

export interface Snapshot {
  no: number;
  name: string;
  duty: boolean;
  cases: Case[];
}

export interface Question {
  case: number;
  customer: string;
  text: string;
  from: string;
  seconds: number;
}

export interface Board {
  waiting: number;
  queue: { case: number; customer: string; text: string; since: number; asking: string }[];
  agents: { no: number; name: string; duty: boolean; here: boolean; cases: number }[];
}

export interface Place {
  place: number;
  agents: number;
}

export interface Ears {
  enter(): Promise<void>;
  leave(): void;
  accept(q: Question): Promise<boolean>;
  entry(e: Entry): void;
  opened(c: Case): void;
  gone(id: number): void;
  withdrawn(id: number): void;
  board(b: Board): void;
  place(p: Place): void;
  replaced(): void;
}

/** The line of a seat at the desk. */
export function talk(pane: Pane, ears: Ears) {
  // drawer: begin
  const line = connect("/supportHub", { pane, up: () => ears.enter(), down: () => ears.leave() });
  line.on("entry", (e: Entry) => ears.entry(e));
  // What accept returns is the answer that the server waits for, until its deadline.
  line.on("accept", (q: Question): Promise<boolean> => ears.accept(q));
  line.on("withdrawn", (id: number) => ears.withdrawn(id));
  // to ask: await line.invoke<Case>("Open", text);
  // drawer: end
  line.on("case", (c: Case) => ears.opened(c));
  line.on("gone", (id: number) => ears.gone(id));
  line.on("board", (b: Board) => ears.board(b));
  line.on("place", (p: Place) => ears.place(p));
  line.on("replaced", () => ears.replaced());
  return line;
}
