import * as Y from "yjs";
import type { Content, Entry } from "./talk";

const pace = 100; // ms between two updates that we send
const most = 32 << 10; // bytes that are joined into one update
const crowd = 500; // updates that wait; then they are joined
const patience = 1000; // ms after a refusal

export interface CopyOptions {
  /** Takes an update to the server; its number there. */
  send: (update: Uint8Array) => Promise<number>;
  base: () => Promise<Entry>;
  up: () => boolean;
  /** Something that people may read has changed. */
  changed: () => void;
  problem: (error: unknown) => void;
}

/**
 * This page's copy of the document. What is written goes to the server as soon
 * as there is a line; what the server has numbered is kept until it is merged,
 * so that this page can say what the log comes to.
 */
export class Copy {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText("text");
  epoch = "";
  private base: { seq: number; data?: Uint8Array } = { seq: 0, data: new Uint8Array() };
  private made: Entry | undefined; // what we have merged ourselves, until it is the base
  private readonly kept = new Map<number, Uint8Array>();
  private unsent: Uint8Array[] = [];
  private flight: Promise<void> | undefined;
  private timer = 0;
  private waiting: (() => void)[] = [];
  private worker: Worker | undefined;

  constructor(private readonly o: CopyOptions) {
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === this) return;
      this.unsent.push(update);
      if (this.unsent.length > crowd) this.join();
      this.soon(0);
      this.o.changed();
    });
  }

  close() {
    clearTimeout(this.timer);
    this.worker?.terminate();
    this.doc.destroy();
  }

  /** How many changes wait for the line. */
  get pending(): number {
    return this.unsent.length + (this.flight ? 1 : 0);
  }

  /** How many updates the server has beyond its base. */
  get sinceMerge(): number {
    return this.have - this.base.seq;
  }

  /** The number up to which nothing is missing. */
  get have(): number {
    let n = this.base.seq;
    while (this.kept.has(n + 1)) n++;
    return n;
  }

  /** Takes what the server has and we lack, and gives it what it lacks. */
  take(c: Content) {
    this.epoch = c.epoch;
    if (c.whole) {
      this.kept.clear();
      this.base = { seq: c.base.seq, data: c.base.data ?? new Uint8Array() };
      this.apply(this.base.data!);
    }
    for (const e of c.log) this.update(e);
    if (c.whole) this.heal(c);
    this.soon(0);
  }

  /** A server that has lost something gets it again from whoever has it. */
  private heal({ base, log }: Content) {
    const all = [base, ...log].map((e) => e.data).filter((d) => d?.length);
    const theirs = all.length ? Y.encodeStateVectorFromUpdate(Y.mergeUpdates(all)) : undefined;
    const missing = Y.encodeStateAsUpdate(this.doc, theirs);
    if (Y.decodeUpdate(missing).structs.length > 0) this.unsent = [missing];
  }

  // drawer: begin
  /** Takes a numbered update. One that Yjs cannot read does no harm. */
  update(e: Entry) {
    if (e.seq <= this.base.seq || this.kept.has(e.seq)) return;
    this.kept.set(e.seq, e.data.slice());
    this.apply(e.data);
  }
  // drawer: end

  private apply(data: Uint8Array) {
    try {
      if (data.length) Y.applyUpdate(this.doc, data, this);
    } catch (error) {
      this.o.problem(error);
    }
    for (const go of this.waiting.splice(0)) go();
    this.o.changed();
  }

  /** Sends what waits, soon. */
  private soon(ms: number) {
    if (this.timer || !this.unsent.length) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (!this.flight && this.o.up()) void (this.flight = this.fly());
    }, ms);
  }

  private async fly() {
    const update = this.batch();
    let wait = pace;
    try {
      const seq = await this.o.send(update);
      this.kept.set(seq, update);
      for (const go of this.waiting.splice(0)) go();
    } catch (error) {
      this.unsent.unshift(update);
      this.o.problem(error);
      wait = patience;
    }
    this.flight = undefined;
    this.o.changed();
    this.soon(wait);
  }

  /** Keeps a long time offline from costing memory for each key. */
  private join() {
    const joined: Uint8Array[] = [];
    while (this.unsent.length) joined.push(this.batch());
    this.unsent = joined;
  }

  /** Joins what waits into one update that is not too large. */
  private batch(): Uint8Array {
    let size = 0;
    let n = 0;
    do size += this.unsent[n++].length;
    while (n < this.unsent.length && size + this.unsent[n].length <= most);
    const some = this.unsent.splice(0, n);
    return n === 1 ? some[0] : Y.mergeUpdates(some);
  }

  // drawer: begin
  /**
   * What base and log come to, made in a worker, so that typing goes on. It
   * depends on the server's bytes alone: two honest pages give the same bytes.
   */
  async merge(from: number, last: number): Promise<Uint8Array> {
    while (this.have < last) await new Promise<void>((go) => this.waiting.push(go));
    const base = this.base.seq === from && this.base.data ? { seq: from, data: this.base.data } : await this.o.base();
    if (base.seq !== from) throw new Error("merged meanwhile");
    const parts = [base.data];
    for (let n = from + 1; n <= last; n++) parts.push(this.kept.get(n)!);
    const data = await this.inWorker(parts);
    this.made = { seq: last, data };
    return data;
  }
  // drawer: end

  private inWorker(parts: Uint8Array[]): Promise<Uint8Array> {
    const worker = (this.worker ??= new Worker(new URL("./merge.worker.ts", import.meta.url), { type: "module" }));
    return new Promise((yes, no) => {
      worker.onmessage = (e: MessageEvent<Uint8Array>) => yes(e.data);
      worker.onerror = () => no(new Error("this page cannot merge"));
      worker.postMessage(parts);
    });
  }

  /** The server has dropped its log up to a number. */
  merged(last: number) {
    if (last <= this.base.seq) return;
    for (const n of [...this.kept.keys()]) if (n <= last) this.kept.delete(n);
    this.base = this.made?.seq === last ? this.made : { seq: last };
    this.made = undefined;
    this.o.changed();
  }
}
