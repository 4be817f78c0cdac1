import { HttpClient, type HttpRequest, type HttpResponse, type IHttpConnectionOptions } from "@microsoft/signalr";

type Carriers = IHttpConnectionOptions & { WebSocket: typeof WebSocket; EventSource: typeof EventSource; httpClient: HttpClient };

const utf8 = new TextEncoder();
const size = (data: unknown) => (typeof data === "string" ? utf8.encode(data).length : data instanceof ArrayBuffer ? data.byteLength : 0);

/**
 * Counts what a line brings, and can read slowly: it then polls, and after an
 * answer asks for the next one only when a line of that width would have
 * carried the last. (A browser takes what a socket brings, however slowly its
 * page reads; only with polling the reader itself says when.)
 */
export class Reader {
  /** Bytes brought so far. */
  bytes = 0;
  private rate = 0; // bytes per second; 0: any
  private due = 0;
  private wake = () => {};

  get slowed() {
    return this.rate > 0;
  }

  /** Sets the width in bytes per second, 0 for any. */
  slow(rate: number) {
    this.rate = rate;
    this.due = 0;
    this.wake();
  }

  readonly carriers = (mine: IHttpConnectionOptions): IHttpConnectionOptions => {
    const { WebSocket: Socket, EventSource: Events, httpClient } = mine as Carriers;
    const count = (e: Event) => (this.bytes += size((e as MessageEvent).data));
    const counted = {
      WebSocket: class extends Socket {
        constructor(url: string | URL, protocols?: string | string[]) {
          super(url, protocols);
          this.addEventListener("message", count);
        }
      },
      EventSource: class extends Events {
        constructor(url: string | URL, init?: EventSourceInit) {
          super(url, init);
          this.addEventListener("message", count);
        }
      },
      httpClient: this.polls(httpClient),
    };
    this.due = 0;
    return { ...mine, ...counted } as IHttpConnectionOptions;
  };

  private polls(inner: HttpClient): HttpClient {
    const reader = this;
    return new (class extends HttpClient {
      override async send(request: HttpRequest): Promise<HttpResponse> {
        if (request.method === "GET") await reader.turn(request);
        const answer = await inner.send(request);
        reader.took(size(answer.content));
        return answer;
      }
      override getCookieString(url: string) {
        return inner.getCookieString(url);
      }
    })();
  }

  private took(n: number) {
    this.bytes += n;
    if (this.rate) this.due = Math.max(this.due, performance.now()) + (1000 * n) / this.rate;
  }

  /** Waits for the turn of the next poll, or until the line is ended. */
  private async turn({ abortSignal }: HttpRequest) {
    for (let wait = 1; wait > 0 && !abortSignal?.aborted; ) {
      wait = this.due - performance.now();
      if (wait <= 0) return;
      await new Promise<void>((done) => {
        const timer = setTimeout(done, wait);
        this.wake = () => {
          clearTimeout(timer);
          done();
        };
        if (abortSignal) abortSignal.onabort = this.wake;
      });
    }
  }
}
