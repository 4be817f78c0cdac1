/** What a network may keep from getting through. */
export type Way = "WebSockets" | "ServerSentEvents" | "LongPolling";

/** The state of the network that all lines of the page share, as the saboteur has made it. */
export class Weather {
  isCut = false;
  /** Added to each direction, in ms. */
  delay = 0;
  readonly blocked = new Set<Way>();
  private readonly carriers = new Set<{ way?: Way; breakIt: () => void }>();

  /** Keeps the way to break a carrier; the returned function forgets it. */
  hold(breakIt: () => void, way?: Way): () => void {
    const one = { way, breakIt };
    this.carriers.add(one);
    return () => this.carriers.delete(one);
  }

  /** Throws if nothing of this kind gets through. */
  check(way?: Way) {
    if (this.isCut) throw new Error("The network is cut.");
    if (way && this.blocked.has(way)) throw new Error(`${way} is blocked.`);
  }

  cut(yes: boolean) {
    this.isCut = yes;
    if (yes) this.breakOnce();
  }

  /** Breaks what is open; what is new gets through. */
  breakOnce(way?: Way) {
    for (const one of [...this.carriers]) if (!way || one.way === way) one.breakIt();
  }

  block(way: Way, yes: boolean) {
    if (yes) this.blocked.add(way);
    else this.blocked.delete(way);
    if (yes) this.breakOnce(way);
  }
}

/** One direction of one carrier: what goes in comes out later, in order, unless it breaks before. */
export class Pipe {
  private due = 0;
  private broken = false;
  private waiting = 0;

  constructor(private readonly weather: Weather) {}

  carry(arrive: () => void) {
    const now = performance.now();
    if (this.weather.delay === 0 && this.waiting === 0) return arrive();
    this.due = Math.max(this.due, now + this.weather.delay);
    this.waiting++;
    setTimeout(() => {
      this.waiting--;
      if (!this.broken) arrive();
    }, this.due - now);
  }

  break() {
    this.broken = true;
  }
}
