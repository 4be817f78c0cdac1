import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { connect } from "../kit/line";
import type { Pane } from "../kit/panes";

/** The board in its own units. */
export const width = 1600;
export const height = 1000;

export const kinds = { pen: 0, line: 1, box: 2, circle: 3, note: 4 };
export const maxPoints = 2000; // of one stroke
export const maxText = 280;

export interface Mark {
  id: string;
  n: number; // its place: a higher one lies above
  v: number; // its version
  kind: number;
  colour: number;
  size: number;
  points: number[]; // x, y, x, y …
  text?: string;
  by: string;
}

export interface Person {
  n: number;
  name: string;
}

/** What has changed within one pace of the server. */
export interface Batch {
  marks?: Mark[];
  more?: { id: string; at: number; points: number[] }[];
  gone?: string[];
  cursors?: [n: number, x: number, y: number][];
  people?: Person[];
}

export interface Ears {
  enter(): Promise<void>;
  leave(): void;
  news(b: Batch): void;
}

/** The line to a board: what is heard goes to ears. */
export function board(pane: Pane, ears: Ears) {
  // drawer: begin
  const protocol = new MessagePackHubProtocol();
  const line = connect("/whiteboardHub", { pane, protocol, up: () => ears.enter(), down: () => ears.leave() });
  line.on("news", (batch: Batch) => ears.news(batch)); // everybody's strokes of 50 ms at once
  // to enter: await line.invoke("Enter", key, name, "Lobby"); then all there is:
  // line.stream<Mark[]>("Marks").subscribe({ next: (marks) => show(marks), ... });
  // to draw: await line.invoke("Add", mark); then, as the stroke grows,
  // await line.invoke("Extend", mark.id, points);
  // drawer: end
  return line;
}

const hex = (bytes: number) => [...crypto.getRandomValues(new Uint8Array(bytes))].map((b) => b.toString(16).padStart(2, "0")).join("");

/** A new mark's id. */
export const newId = () => hex(8);

/** The secret by which this pane is the same author again after a break; kept for the tab. */
export function secret(pane: number): string {
  const place = `whiteboard-key-${pane}`;
  const kept = sessionStorage.getItem(place) ?? hex(16);
  sessionStorage.setItem(place, kept);
  return kept;
}
