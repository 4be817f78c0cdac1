import { DefaultHttpClient, type HttpRequest, type HttpResponse, type IHttpConnectionOptions, NullLogger } from "@microsoft/signalr";
import { joined } from "./signal";

/**
 * The saboteur holds the carriers of one connection (sockets, event streams,
 * requests) and really cuts them. While it is cut nothing gets through: what is
 * open breaks, what is new fails.
 */
export class Saboteur {
  /** True while nothing gets through. */
  isCut = false;
  private readonly open = new Set<() => void>();

  cut() {
    this.isCut = true;
    for (const breakIt of [...this.open]) breakIt();
  }

  mend() {
    this.isCut = false;
  }

  /** What withUrl takes, so that every carrier is one of ours. (The client's types leave out two that it reads.) */
  options(): IHttpConnectionOptions {
    return { WebSocket: this.socketClass(), EventSource: this.eventsClass(), httpClient: this.client() } as IHttpConnectionOptions;
  }

  /** Keeps the way to break a carrier; the returned function forgets it. */
  private hold(breakIt: () => void): () => void {
    this.open.add(breakIt);
    return () => this.open.delete(breakIt);
  }

  private refuse() {
    if (this.isCut) throw new Error("The line is cut.");
  }

  private socketClass(): typeof WebSocket {
    const saboteur = this;
    return class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        saboteur.refuse();
        super(url, protocols);
        this.addEventListener("close", saboteur.hold(() => this.close(4000, "cut")));
      }
    };
  }

  private eventsClass(): typeof EventSource {
    const saboteur = this;
    return class extends EventSource {
      private readonly forget = saboteur.hold(() => {
        this.close();
        this.onerror?.(new Event("error"));
      });
      constructor(url: string | URL, init?: EventSourceInit) {
        saboteur.refuse();
        super(url, init);
      }
      override close() {
        super.close();
        this.forget();
      }
    };
  }

  private client(): DefaultHttpClient {
    const saboteur = this;
    return new (class extends DefaultHttpClient {
      override async send(request: HttpRequest): Promise<HttpResponse> {
        saboteur.refuse();
        const signal = joined(request.abortSignal);
        const forget = saboteur.hold(() => signal.abort());
        try {
          return await super.send({ ...request, abortSignal: signal });
        } finally {
          forget();
        }
      }
    })(NullLogger.instance);
  }
}
