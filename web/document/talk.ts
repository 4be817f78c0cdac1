import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { connect } from "../kit/line";
import type { Pane } from "../kit/panes";

/** An update of the document, with the number that the server gave it. */
export interface Entry {
  seq: number;
  data: Uint8Array;
}

export interface Person {
  id: string;
  name: string;
  /** The cursor; null or empty: none yet. */
  at: Uint8Array | null;
  /** The colour, from 1 to 4: who is here together has different ones, if they are enough. */
  cord: number;
}

export interface Content {
  epoch: string;
  whole: boolean;
  base: Entry;
  log: Entry[];
}

export interface Entered {
  you: Person;
  people: Person[];
  content: Content;
}

export interface Ears {
  enter(): Promise<void>;
  leave(): void;
  update(e: Entry): void;
  merge(from: number, last: number): Promise<Uint8Array>;
  merged(last: number): void;
  here(p: Person): void;
  at(id: string, at: Uint8Array): void;
  left(id: string): void;
}

/** The line of a writer. MessagePack carries bytes as bytes. */
export function talk(pane: Pane, ears: Ears) {
  // drawer: begin
  const line = connect("/documentHub", { pane, protocol: new MessagePackHubProtocol(), up: () => ears.enter(), down: () => ears.leave() });
  line.on("update", (e: Entry) => ears.update(e));
  // The server asks two pages what its log comes to, and drops it only if both say the same.
  line.on("merge", (from: number, last: number): Promise<Uint8Array> => ears.merge(from, last));
  line.on("merged", (last: number) => ears.merged(last));
  // to write: const seq = await line.invoke<number>("Update", update);
  // drawer: end
  line.on("here", (p: Person) => ears.here(p));
  line.on("at", (id: string, at: Uint8Array) => ears.at(id, at));
  line.on("left", (id: string) => ears.left(id));
  return line;
}
