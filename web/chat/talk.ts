import { connect } from "../kit/line";
import type { Pane } from "../kit/panes";

export interface Message {
  n: number;
  room: string;
  from: string;
  name: string;
  to?: string;
  text: string;
  at: number;
  guest?: boolean;
}

export interface Person {
  id: string;
  name: string;
}

export interface Snapshot {
  you: Person;
  room: string;
  people: Person[];
  history: Message[];
  rooms: { name: string; people: number }[];
}

export interface Ears {
  enter(): Promise<void>;
  leave(): void;
  said(m: Message): void;
  whispered(m: Message): void;
  joined(p: Person): void;
  renamed(p: Person): void;
  left(id: string): void;
  typing(id: string): void;
  rooms(list: Snapshot["rooms"]): void;
}

/** The lines of a chat: what is heard goes to ears. */
export function talk(pane: Pane, ears: Ears) {
  // drawer: begin
  const line = connect("/chatHub", { pane, up: () => ears.enter(), down: () => ears.leave() });
  line.on("said", (message: Message) => ears.said(message));
  line.on("typing", (id: string) => ears.typing(id));
  // to enter: show(await line.invoke<Snapshot>("Enter", name, room));
  // to speak: await line.invoke("Say", text);
  // drawer: end
  line.on("whispered", (m: Message) => ears.whispered(m));
  line.on("joined", (p: Person) => ears.joined(p));
  line.on("renamed", (p: Person) => ears.renamed(p));
  line.on("left", (id: string) => ears.left(id));
  line.on("rooms", (list: Snapshot["rooms"]) => ears.rooms(list));
  return line;
}
