import type { Quote } from "./feed";

const span = 5000; // ms that figures look back
const most = 10_000;

/** What a reader got of the market: how many prices, how many it skipped, how old its newest one was. */
export class Books {
  private got: { at: number; skipped: number }[] = [];
  private bytes: { at: number; sum: number }[] = [];
  private behind: { at: number; ms: number }[] = [];
  private newest = 0; // of the server's times
  private offset = 0; // ms, server minus page

  /** Begins with a table; trip is how long that took. */
  begin(now: number, trip: number, quotes: Quote[]) {
    this.offset = now + trip / 2 - Date.now();
    this.newest = Math.max(...quotes.map((q) => q.at));
    this.got = [];
    this.behind = [];
  }

  price(skipped: number, at: number) {
    this.got.push({ at: performance.now(), skipped });
    if (this.got.length > most) this.got.shift();
    this.newest = Math.max(this.newest, at);
  }

  /** Takes a look at the time and at the bytes so far. */
  figures(sum: number) {
    const now = performance.now();
    this.behind.push({ at: now, ms: Math.max(0, Date.now() + this.offset - this.newest) });
    this.bytes.push({ at: now, sum });
    const recent = <T extends { at: number }>(list: T[]) => list.filter((one) => one.at > now - span);
    this.got = recent(this.got);
    this.behind = recent(this.behind);
    this.bytes = recent(this.bytes);
    const skipped = this.got.reduce((n, one) => n + one.skipped, 0);
    const [first] = this.bytes;
    const seconds = Math.max(1, now - first.at) / 1000;
    return {
      prices: this.got.length / (span / 1000),
      skipped: skipped / Math.max(1, skipped + this.got.length),
      bytes: (sum - first.sum) / seconds,
      behind: Math.max(...this.behind.map((one) => one.ms)),
    };
  }
}
