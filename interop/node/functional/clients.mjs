// Official clients in every combination that can carry a hub.
import { HttpTransportType, HubConnectionBuilder, LogLevel, NullLogger } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";

const { WebSockets, ServerSentEvents, LongPolling } = HttpTransportType;

/** Every transport with every encoding it carries; a page has two HTTP clients. */
export function combinations(browser) {
  const all = [];
  for (const xhr of browser ? [false, true] : [false])
    for (const transport of [WebSockets, ServerSentEvents, LongPolling])
      for (const packed of [false, true])
        if (!(packed && transport === ServerSentEvents) && !(xhr && transport === WebSockets))
          all.push({ transport, packed, xhr, name: `${HttpTransportType[transport]}, ${packed ? "MessagePack" : "JSON"}${xhr ? ", XHR" : ""}` });
  return all;
}

/** Makes clients of one combination at one place, and stops them at the end. */
export class Clients {
  constructor(place, { transport, packed, xhr } = {}) {
    Object.assign(this, { place, transport, packed, made: [] });
    if (xhr) this.httpClient = new place.XhrHttpClient(NullLogger.instance);
  }

  make(path = "/testhub", { retry, stateful, ...options } = {}) {
    const { transport, httpClient } = this;
    const url = /^https?:/.test(path) ? path : this.place.url + path;
    const b = new HubConnectionBuilder().withUrl(url, { transport, ...(httpClient && { httpClient }), ...options }).configureLogging(LogLevel.None);
    if (this.packed) b.withHubProtocol(new MessagePackHubProtocol());
    if (retry) b.withAutomaticReconnect([0, 0, 100, 1000]);
    if (stateful) b.withStatefulReconnect();
    const c = b.build();
    this.made.push(c);
    return c;
  }

  async open(path, options) {
    const c = this.make(path, options);
    await c.start();
    return c;
  }

  stop() {
    return Promise.all(this.made.map((c) => c.stop()));
  }
}

/** Makes the client believe that it lost the server, and waits until it is back. */
export function reconnected(c) {
  const back = new Promise((yes) => c.onreconnected(yes));
  c.serverTimeout();
  return back;
}

export const heard = (c, method) => new Promise((yes) => c.on(method, (...args) => yes(args)));
export const closed = (c) => new Promise((yes) => c.onclose(yes));
/** All items of a stream. */
export const all = (stream) => new Promise((yes, no) => { const items = []; stream.subscribe({ next: (v) => items.push(v), complete: () => yes(items), error: no }); });
