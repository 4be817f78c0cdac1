export interface Message {
  n: number;
  of: string; // which stream: "5/1000"
  at: number; // the server's time, ms since 1970
}

export interface Place {
  run: number;
  last: number;
}

/** From this age on a message is late. */
export const lateFrom = 500; // ms

const span = 30_000; // ms that percentiles look back
const most = 5000; // numbers and latencies that are remembered

/** The books of one line: what came, what did not, and how old it was. */
export class Ledger {
  messages = 0;
  duplicate = 0;
  late = 0;
  last = 0; // the highest number that came
  private run = 0;
  private readonly gaps = new Set<number>();
  private seen: { at: number; age: number }[] = [];

  /** Numbers that others have had and this line has not. */
  get lost() {
    return this.gaps.size;
  }

  /** Says where the stream stood when the line began to hear it. */
  begin(at: Place) {
    if (this.run !== at.run) this.reset(at);
  }

  reset(at: Place) {
    this.run = at.run;
    this.last = at.last;
    this.messages = this.duplicate = this.late = 0;
    this.gaps.clear();
    this.seen = [];
  }

  take(m: Message, now: number) {
    if (m.n <= this.last && !this.gaps.delete(m.n)) {
      this.duplicate++;
      return;
    }
    for (let n = this.last + 1; n < m.n && this.gaps.size < most; n++) this.gaps.add(n);
    this.last = Math.max(this.last, m.n);
    this.messages++;
    const age = Math.max(0, now - m.at);
    if (age >= lateFrom) this.late++;
    this.seen.push({ at: now, age });
    if (this.seen.length > most) this.seen.shift();
  }

  /** The first number that is missing, less one: what to ask after. */
  get whole() {
    let first = this.last + 1;
    for (const n of this.gaps) first = Math.min(first, n);
    return first - 1;
  }

  /** Ages of the last 30 s that this part of the messages stayed within; undefined for no message. */
  percentiles(parts: number[], now: number): (number | undefined)[] {
    this.seen = this.seen.filter((one) => one.at > now - span);
    const ages = this.seen.map((one) => one.age).sort((a, b) => a - b);
    return parts.map((p) => ages[Math.max(0, Math.ceil(p * ages.length) - 1)]);
  }

  /** The mean age of what came since a time: a point of the chart. */
  mean(since: number): number | null {
    let sum = 0;
    let n = 0;
    for (let i = this.seen.length - 1; i >= 0 && this.seen[i].at > since; i--, n++) sum += this.seen[i].age;
    return n ? sum / n : null;
  }
}
