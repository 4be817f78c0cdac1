import {
  HttpTransportType,
  type HubConnection,
  HubConnectionBuilder,
  HubConnectionState,
  type IHttpConnectionOptions,
  type IHubProtocol,
  type IStreamResult,
  LogLevel,
  type Subject,
} from "@microsoft/signalr";
import { otherName } from "./here";
import { Lamp } from "./lamp";
import type { Pane } from "./panes";
import { delay, explain, refused } from "./patience";
import { Saboteur } from "./saboteur";

export { HttpTransportType };
export const allTransports = HttpTransportType.WebSockets | HttpTransportType.ServerSentEvents | HttpTransportType.LongPolling;

const transportNames: Record<string, string> = {
  WebSockets: "WebSockets",
  ServerSentEvents: "Server-Sent Events",
  LongPolling: "long polling",
};

export interface LineOptions {
  /** The pane this line belongs to: its lamp, its end of the cord, its saboteur. */
  pane?: Pane;
  /** Where the lamp goes; default: the pane's element "lamp". */
  lamp?: HTMLElement;
  /** Default: JSON. new MessagePackHubProtocol() for the other one. */
  protocol?: IHubProtocol;
  /** What may be used; the client takes the first that works. Default: all. */
  transports?: HttpTransportType;
  /** Connect under the server's other name where there is one. Default: true for the second pane. */
  other?: boolean;
  /** Changes what carries the line's bytes, for a line that shall be slow, or counted. */
  carriers?: (mine: IHttpConnectionOptions) => IHttpConnectionOptions;
  /** Runs after each connect and reconnect, before anything else: enter, subscribe. What it throws is shown by the lamp. */
  up?: (connection: HubConnection) => unknown;
  /** Runs when the line is lost or closed. */
  down?: () => void;
}

/**
 * A hub connection that never gives up, with a lamp that says how it is.
 * Handlers given to on() survive every reconnect and change of transport.
 */
export class Line {
  /** The connection of the moment; a new one after allow() and mend(). */
  connection!: HubConnection;
  /** The last round trip in ms, 0 for none yet. */
  trip = 0;
  /** The transport in use, as negotiation names it; "" while there is none. */
  transport = "";
  readonly saboteur = new Saboteur();
  private readonly lamp: Lamp;
  private readonly handlers = new Map<string, (...args: never[]) => unknown>();
  private transports: HttpTransportType;
  private attempt = 0;
  private retry = 0;
  private over = false;
  private trouble = ""; // what up() threw
  private readonly pulse = setInterval(() => void this.measure(), 5000);

  constructor(
    readonly path: string,
    private readonly o: LineOptions,
  ) {
    this.transports = o.transports ?? allTransports;
    const root = o.lamp ?? o.pane?.el("lamp");
    if (!root) throw new Error("a line needs a pane or a place for its lamp");
    this.lamp = new Lamp(root, () => void this.restart());
    addEventListener("online", this.again);
    o.pane?.attach(this);
    queueMicrotask(() => void this.start()); // after the page has set its handlers
  }

  get up() {
    return this.connection?.state === HubConnectionState.Connected;
  }

  /** Sets the handler of a client method, one for each. It may return an answer, which an Ask waits for. */
  on<A extends unknown[]>(method: string, handler: (...args: A) => unknown) {
    this.handlers.set(method, handler as never);
    this.connection?.off(method);
    this.connection?.on(method, this.heard(handler as never));
  }

  /** Calls a hub method and waits for its result. */
  async invoke<T = void>(method: string, ...args: unknown[]): Promise<T> {
    this.mustBeUp();
    this.o.pane?.pulse("out");
    return this.connection.invoke<T>(method, ...args);
  }

  /** Calls a hub method without waiting for a result. */
  async send(method: string, ...args: unknown[]): Promise<void> {
    this.mustBeUp();
    this.o.pane?.pulse("out");
    return this.connection.send(method, ...args);
  }

  /** Opens a server stream; it ends with the connection of the moment, so open it in `up`. */
  stream<T>(method: string, ...args: (unknown | Subject<unknown>)[]): IStreamResult<T> {
    this.mustBeUp();
    return this.connection.stream<T>(method, ...args);
  }

  /** Says which transports may be used, and connects anew. */
  allow(transports: HttpTransportType) {
    this.transports = transports;
    void this.restart();
  }

  /** Cuts this line's carriers, and keeps them cut until mend(). The client finds out by itself. */
  cut() {
    this.saboteur.cut();
  }

  /** Lets bytes through again and connects at once. */
  mend() {
    this.saboteur.mend();
    void this.restart();
  }

  /** Ends the line for good. */
  async stop() {
    this.over = true;
    clearTimeout(this.retry);
    clearInterval(this.pulse);
    removeEventListener("online", this.again);
    await this.connection?.stop();
    this.lamp.show("closed", "Not connected");
  }

  private readonly again = () => {
    if (!this.up) void this.restart();
  };

  private mustBeUp() {
    if (!this.up) throw new Error("HubException: Not connected yet. What you entered is kept; send it when the lamp is green.");
  }

  private heard(handler: (...args: never[]) => unknown) {
    return (...args: never[]) => {
      this.o.pane?.pulse("in");
      return handler(...args);
    };
  }

  /** Ends the connection there is and opens a new one. */
  private async restart() {
    clearTimeout(this.retry);
    const old = this.connection;
    const next = this.start(); // takes over before the old one tells of its end
    await old?.stop();
    await next;
  }

  private async start() {
    if (this.over) return;
    const last = this.connection;
    const url = ((this.o.other ?? this.o.pane?.second) ? await otherName() : "") + this.path;
    if (this.over || this.connection !== last) return; // another start was faster
    const mine = this.build(url);
    this.connection = mine;
    this.lost();
    this.lamp.show("connecting", "Connecting…");
    try {
      await mine.start();
      if (mine === this.connection) await this.connected(mine);
    } catch (error) {
      if (mine === this.connection) this.later(error);
    }
  }

  private build(url: string): HubConnection {
    // drawer: begin
    const builder: HubConnectionBuilder = new HubConnectionBuilder()
      .withUrl(url, { transport: this.transports, ...this.carriers() })
      .withAutomaticReconnect({ nextRetryDelayInMilliseconds: ({ previousRetryCount }): number => this.patience(mine, previousRetryCount) })
      .configureLogging(LogLevel.None);
    if (this.o.protocol) builder.withHubProtocol(this.o.protocol);
    const mine: HubConnection = builder.build();
    // drawer: end
    for (const [method, handler] of this.handlers) mine.on(method, this.heard(handler));
    mine.onreconnecting(() => mine === this.connection && this.lost());
    mine.onreconnected(() => void this.connected(mine));
    mine.onclose((error) => mine === this.connection && !this.over && this.later(error));
    return mine;
  }

  private carriers() {
    const mine = this.saboteur.options();
    return this.o.carriers?.(mine) ?? mine;
  }

  private patience(mine: HubConnection, attempts: number): number {
    const ms = delay(attempts);
    if (mine === this.connection) this.lamp.wait("Line cut.", ms);
    return ms;
  }

  private async connected(mine: HubConnection) {
    if (mine !== this.connection) return;
    this.attempt = 0;
    this.trouble = "";
    const trip = await this.ping(mine);
    if (mine !== this.connection) return;
    this.o.pane?.plug(true);
    try {
      await this.o.up?.(mine);
    } catch (error) {
      this.trouble = explain(error, "Connected, but the server did not answer as expected.");
    }
    if (mine === this.connection) this.showUp(trip); // green means that people can act
  }

  private showUp(trip: string) {
    if (!this.up || !trip) return;
    if (this.trouble) this.lamp.show("refused", this.trouble);
    else this.lamp.show("connected", `Connected over ${transportNames[this.transport] ?? this.transport}`, trip);
  }

  private lost() {
    if (this.transport) this.o.down?.();
    this.transport = "";
    this.trip = 0;
    this.o.pane?.plug(false);
  }

  /** Tries again after a while when a start has failed or the server has closed for good. */
  private later(error: unknown) {
    const why = this.why(error);
    this.lost();
    if (refused(error)) {
      this.lamp.show("refused", "The server refused this page.");
      return;
    }
    const ms = delay(this.attempt++);
    this.lamp.wait(why, ms);
    clearTimeout(this.retry);
    this.retry = window.setTimeout(() => void this.start(), ms);
  }

  private async measure() {
    if (!this.up || !this.transport || document.visibilityState !== "visible") return;
    this.showUp(await this.ping(this.connection));
  }

  private why(error: unknown): string {
    if (this.saboteur.isCut) return "Line cut.";
    if (!navigator.onLine) return "This device is offline.";
    if (!this.transport) return "No answer from the server.";
    return error instanceof Error && /on close: .*HubException: (.*)/.exec(error.message)?.[1] || "The server ended the line.";
  }

  /** Measures a round trip, and tells the server the last one for the panel. A cut line tells of itself: "". */
  private async ping(mine: HubConnection): Promise<string> {
    const from = performance.now();
    try {
      const transport = await mine.invoke<string>("Ping", this.trip);
      if (mine !== this.connection) return "";
      this.trip = performance.now() - from;
      this.transport = transport;
      return `${Math.max(1, Math.round(this.trip))} ms`;
    } catch {
      return "";
    }
  }
}

/** Opens a line to a hub. Set handlers at once; it connects right after. */
export const connect = (path: string, o: LineOptions) => new Line(path, o);
