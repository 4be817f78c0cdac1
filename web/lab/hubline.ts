import { HttpTransportType, type HubConnection, HubConnectionBuilder, HubConnectionState, LogLevel } from "@microsoft/signalr";
import { Lamp } from "../kit/lamp";
import { delay } from "../kit/patience";
import type { Clock } from "./clock";
import { Ledger, type Message, type Place } from "./ledger";
import { Tap } from "./tap";
import type { Wishes } from "./wishes";
import type { Weather } from "./weather";

const names: Record<string, string> = { WebSockets: "WebSockets", ServerSentEvents: "Server-Sent Events", LongPolling: "long polling" };

/** One hub connection of the lab, which may use some transports only. */
export class HubLine {
  readonly ledger = new Ledger();
  readonly tap: Tap;
  private readonly lamp: Lamp;
  private connection!: HubConnection;
  private attempt = 0;
  private retry = 0;
  private generation = 0;
  private fresh = true; // the books begin anew
  private held: Message[] | undefined; // what comes while the place is asked for

  constructor(
    private readonly url: string,
    private readonly transports: HttpTransportType,
    lamp: HTMLElement,
    private readonly weather: Weather,
    private readonly clock: Clock,
    private readonly wishes: Wishes,
  ) {
    this.tap = new Tap(weather, clock);
    this.lamp = new Lamp(lamp, () => void this.restart());
  }

  private build(): HubConnection {
    // drawer: begin
    const builder = new HubConnectionBuilder()
      .withUrl(this.url, { transport: this.transports, ...this.tap.options() }) // the tap counts, and cuts
      .configureLogging(LogLevel.None);
    if (this.wishes.stateful) builder.withStatefulReconnect();
    const mine = builder.build();
    mine.on("tick", (message: Message) => this.heard(message));
    mine.onclose(() => this.later(mine));
    // after each start:
    //   ledger.begin(await mine.invoke<Place>("Listen", rate, size));
    //   const { messages } = await mine.invoke<Missed>("Since", lastOneIHave);  // if it shall heal
    // drawer: end
    return mine;
  }

  /** Connects anew, with what is wished now. */
  async restart() {
    clearTimeout(this.retry);
    const generation = ++this.generation;
    const old = this.connection;
    const mine = (this.connection = this.build());
    this.lamp.show("connecting", "Connecting…");
    await old?.stop();
    if (generation !== this.generation) return;
    try {
      await mine.start();
      const transport = await mine.invoke<string>("Ping", 0);
      await this.listen(mine);
      this.attempt = 0;
      if (mine === this.connection) this.lamp.show("connected", `Connected over ${names[transport] ?? transport}`);
    } catch {
      this.later(mine);
    }
  }

  /** Hears the stream that is wished, and what this line has missed of it. */
  private async listen(mine: HubConnection) {
    const { rate, size } = this.wishes;
    this.held = [];
    const place = await mine.invoke<Place>("Listen", rate, size);
    const held = this.held;
    this.held = undefined;
    if (this.fresh) this.ledger.reset(place);
    else this.ledger.begin(place);
    for (const m of held) if (!this.fresh || m.n > place.last) this.heard(m);
    this.fresh = false;
    if (this.wishes.heal) await this.heal(mine, place);
  }

  private async heal(mine: HubConnection, place: Place) {
    for (let after = this.ledger.whole; after < place.last; ) {
      const { messages } = await mine.invoke<{ messages: Message[] }>("Since", after);
      if (!messages.length) return;
      for (const m of messages) this.heard(m);
      after = messages[messages.length - 1].n;
    }
  }

  private heard(m: Message) {
    if (m.of !== `${this.wishes.rate}/${this.wishes.size}`) return; // of the stream before
    if (this.held) this.held.push(m);
    else this.ledger.take(m, this.clock.now());
  }

  /** Hears the stream that is wished now, and begins the books anew. */
  async choose() {
    this.fresh = true;
    this.tap.reset();
    const mine = this.connection;
    if (mine.state !== HubConnectionState.Connected) return;
    try {
      await this.listen(mine);
    } catch {
      await mine.stop(); // it comes back with what is wished
    }
  }

  private later(mine: HubConnection) {
    if (mine !== this.connection) return;
    const ms = delay(this.attempt++);
    this.lamp.wait(this.weather.isCut ? "Network cut." : "No way through.", ms);
    clearTimeout(this.retry);
    this.retry = window.setTimeout(() => void this.restart(), ms);
  }
}
