import { connect } from "../kit/line";
import type { Pane } from "../kit/panes";

export interface Note {
  n: number;
  to: string;
  from: string;
  text: string;
  at: number;
  read: boolean;
}

export interface Person {
  name: string;
  devices: number;
}

export interface Snapshot {
  you: string;
  notes: Note[];
  groups: string[];
  follows: string[];
  devices: number;
  people: Person[];
}

export interface Ears {
  enter(): Promise<void>;
  leave(): void;
  note(n: Note): void;
  read(first: number, last: number): void;
  follows(groups: string[]): void;
  devices(n: number): void;
  people(list: Person[]): void;
}

/** A line of one of a person's devices. The name is in the address, where the server's Authenticate reads it. */
export function boxOf(name: string, pane: Pane, ears: Ears) {
  // drawer: begin
  const line = connect(`/notificationsHub?user=${encodeURIComponent(name)}`, { pane, up: () => ears.enter(), down: () => ears.leave() });
  line.on("note", (n: Note) => ears.note(n));
  line.on("read", (first: number, last: number) => ears.read(first, last));
  // to mark: await line.invoke("Read", first, last);
  // drawer: end
  line.on("follows", (groups: string[]) => ears.follows(groups));
  line.on("devices", (n: number) => ears.devices(n));
  line.on("people", (list: Person[]) => ears.people(list));
  return line;
}

/** What lies in the box, as this device knows it. */
export class Box {
  private notes = new Map<number, Note>();
  /** As many as the server keeps. */
  static readonly most = 50;

  fill(notes: Note[]) {
    this.notes = new Map(notes.map((n) => [n.n, n]));
  }

  /** Reports whether the note is new. */
  add(n: Note): boolean {
    if (this.notes.has(n.n)) return false;
    this.notes.set(n.n, n);
    if (this.notes.size > Box.most) this.notes.delete(Math.min(...this.notes.keys()));
    return true;
  }

  mark(first: number, last: number) {
    for (const n of this.notes.values()) if (first <= n.n && n.n <= last) n.read = true;
  }

  /** Newest first. */
  get all(): Note[] {
    return [...this.notes.values()].sort((a, b) => b.n - a.n);
  }

  get unread(): number {
    return this.all.filter((n) => !n.read).length;
  }
}
