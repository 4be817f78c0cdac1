import { DefaultHttpClient, type HttpRequest, type HttpResponse, type IHttpConnectionOptions, NullLogger } from "@microsoft/signalr";
import { joined, type Signal } from "../kit/signal";
import type { Clock } from "./clock";
import { Pipe, type Weather } from "./weather";

const utf8 = new TextEncoder();
const size = (data: unknown) => (typeof data === "string" ? utf8.encode(data).length : data instanceof ArrayBuffer ? data.byteLength : 0);

/** The header of a WebSocket frame (RFC 6455, 5.2); a client's has four bytes of mask. */
export const frameHeader = (n: number, mask: boolean) => (n < 126 ? 2 : n < 65536 ? 4 : 10) + (mask ? 4 : 0);

/** "data: ", two line ends, and about the header of a chunk. */
const eventOverhead = 10 + 6;

/**
 * A cut line says no goodbye: the server, too, has to find out. A page cannot
 * leave a socket without one, so it comes late, in ms.
 */
const farewell = 1500;

/**
 * A tap on one line: it counts what the line's carriers take and bring, and
 * lets the weather at them. Bodies and frames are counted as they are, heads of
 * requests and answers as they were measured once for this browser.
 */
export class Tap {
  requests = 0;
  bytes = 0;

  constructor(
    private readonly weather: Weather,
    private readonly clock: Clock,
  ) {}

  reset() {
    this.requests = this.bytes = 0;
  }

  request(body = 0) {
    this.requests++;
    this.bytes += this.clock.requestHead + body;
  }

  answer(body: number) {
    this.bytes += this.clock.answerHead + body;
  }

  /** What withUrl takes, so that every carrier is one of ours. (The client's types leave out two that it reads.) */
  options(): IHttpConnectionOptions {
    return { WebSocket: this.sockets(), EventSource: this.events(), httpClient: this.http() } as unknown as IHttpConnectionOptions;
  }

  private sockets() {
    const tap = this;
    const { weather } = this;
    return class {
      static readonly OPEN = WebSocket.OPEN;
      onopen?: (e: Event) => void;
      onerror?: (e: Event) => void;
      onmessage?: (e: MessageEvent) => void;
      onclose?: (e: CloseEvent) => void;
      private readonly real: WebSocket;
      private readonly out = new Pipe(weather);
      private gone = false;

      constructor(url: string) {
        weather.check("WebSockets");
        const real = (this.real = new WebSocket(url));
        const in_ = new Pipe(weather);
        const forget = weather.hold(() => {
          in_.break();
          this.out.break();
          real.onmessage = real.onclose = real.onerror = null;
          this.gone = true;
          setTimeout(() => real.close(), farewell);
          ended(new CloseEvent("close", { code: 1006 }));
        }, "WebSockets");
        const ended = (e: CloseEvent) => {
          forget();
          const tell = this.onclose;
          this.onclose = undefined; // once
          tell?.(e);
        };
        tap.request();
        real.onopen = (e) => {
          tap.answer(0);
          in_.carry(() => this.onopen?.(e));
        };
        real.onerror = (e) => this.onerror?.(e);
        real.onmessage = (e) => {
          const n = size(e.data);
          tap.bytes += n + frameHeader(n, false);
          in_.carry(() => this.onmessage?.(e));
        };
        real.onclose = (e) => in_.carry(() => ended(e));
      }

      get readyState() {
        return this.real.readyState;
      }
      set binaryType(type: BinaryType) {
        this.real.binaryType = type;
      }
      send(data: string | ArrayBuffer) {
        const n = size(data);
        tap.bytes += n + frameHeader(n, true);
        this.out.carry(() => this.real.send(data));
      }
      close() {
        if (!this.gone) this.real.close();
      }
    };
  }

  private events() {
    const tap = this;
    const { weather } = this;
    return class {
      onopen?: (e: Event) => void;
      onerror?: (e: Event) => void;
      onmessage?: (e: MessageEvent) => void;
      private readonly real: EventSource;
      private readonly forget: () => void;

      constructor(url: string, init?: EventSourceInit) {
        weather.check("ServerSentEvents");
        const real = (this.real = new EventSource(url, init));
        const in_ = new Pipe(weather);
        this.forget = weather.hold(() => {
          in_.break();
          this.close();
          this.onerror?.(new Event("error"));
        }, "ServerSentEvents");
        tap.request();
        real.onopen = (e) => {
          tap.answer(0);
          in_.carry(() => this.onopen?.(e));
        };
        real.onerror = (e) => in_.carry(() => this.onerror?.(e));
        real.onmessage = (e) => {
          tap.bytes += size(e.data) + eventOverhead;
          in_.carry(() => this.onmessage?.(e));
        };
      }

      close() {
        this.real.close();
        this.forget();
      }
    };
  }

  private http(): DefaultHttpClient {
    const tap = this;
    return new (class extends DefaultHttpClient {
      override async send(request: HttpRequest): Promise<HttpResponse> {
        return tap.through(request.abortSignal, request.method === "GET", async (signal) => {
          tap.request(size(request.content));
          const answer = await super.send({ ...request, abortSignal: signal });
          tap.answer(size(answer.content));
          return answer;
        });
      }
    })(NullLogger.instance);
  }

  /** Lets one request through the weather. A GET of a hub connection is a poll. */
  async through<T>(outer: Signal | undefined, poll: boolean, send: (signal: Signal) => Promise<T>): Promise<T> {
    const way = poll ? "LongPolling" : undefined;
    this.weather.check(way);
    const signal = joined(outer);
    const forget = this.weather.hold(() => signal.abort(), way);
    try {
      await this.wait(signal);
      const answer = await send(signal);
      await this.wait(signal);
      return answer;
    } finally {
      forget();
    }
  }

  private async wait(signal: Signal) {
    if (this.weather.delay) await new Promise((done) => setTimeout(done, this.weather.delay));
    if (signal.aborted) throw new Error("The network is cut.");
  }
}
