import { Lamp } from "../kit/lamp";
import { delay } from "../kit/patience";
import type { Clock } from "./clock";
import { Ledger, type Message, type Place } from "./ledger";
import { Tap } from "./tap";
import type { Wishes } from "./wishes";
import type { Weather } from "./weather";

interface Missed extends Place {
  messages: Message[];
}

/** The plain way: ask again and again whether there is something new. */
export class Poller {
  readonly ledger = new Ledger();
  readonly tap: Tap;
  private readonly lamp: Lamp;
  private begun = false;
  private attempt = 0;
  private timer = 0;
  private generation = 0;

  constructor(
    lamp: HTMLElement,
    private readonly weather: Weather,
    private readonly clock: Clock,
    private readonly wishes: Wishes,
  ) {
    this.tap = new Tap(weather, clock);
    this.lamp = new Lamp(lamp, () => void this.restart());
  }

  restart() {
    clearTimeout(this.timer);
    return this.poll(++this.generation);
  }

  choose() {
    this.reset();
    return this.restart();
  }

  reset() {
    this.begun = false;
    this.tap.reset();
  }

  private async poll(generation: number) {
    const from = performance.now();
    try {
      const more = await this.ask(generation);
      if (generation !== this.generation) return;
      this.attempt = 0;
      this.lamp.show("connected", `Asking every ${this.wishes.every / 1000} s`);
      this.again(generation, more ? 0 : Math.max(0, this.wishes.every - (performance.now() - from)));
    } catch {
      if (generation !== this.generation) return;
      const ms = delay(this.attempt++);
      this.lamp.wait(this.weather.isCut ? "Network cut." : "No answer.", ms);
      this.again(generation, ms);
    }
  }

  private again(generation: number, ms: number) {
    this.timer = window.setTimeout(() => void this.poll(generation), ms);
  }

  /** Asks once; true if there is more to fetch at once. */
  private async ask(generation: number): Promise<boolean> {
    const { rate, size } = this.wishes;
    const after = this.begun ? `&after=${this.ledger.last}` : "";
    const url = `/lab/poll?rate=${rate}&size=${size}${after}`;
    const answer = await this.tap.through(undefined, false, async (signal) => {
      const stop = new AbortController();
      signal.onabort = () => stop.abort();
      this.tap.request();
      const got = await fetch(url, { cache: "no-store", signal: stop.signal });
      const text = await got.text();
      this.tap.answer(text.length);
      if (!got.ok) throw new Error(text);
      return JSON.parse(text) as Missed;
    });
    if (generation !== this.generation) return false;
    if (this.begun) this.ledger.begin(answer); // a server that was started anew counts anew
    else this.ledger.reset(answer);
    this.begun = true;
    for (const m of answer.messages) this.ledger.take(m, this.clock.now());
    return this.ledger.last < answer.last && answer.messages.length > 0;
  }
}
