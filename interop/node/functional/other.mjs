// What the functional tests ask for once: negotiation, fallback, raw lines.
import { HttpTransportType, NullLogger, TransferFormat } from "@microsoft/signalr";
import { HttpConnection } from "@microsoft/signalr/dist/cjs/HttpConnection.js";
import { all, closed, reconnected } from "./clients.mjs";
import { fails, same, that } from "./check.mjs";

const { WebSockets, ServerSentEvents, LongPolling } = HttpTransportType;

class Broken { constructor() { throw new Error("cut off"); } }

/** A raw line that sends each message and takes the same bytes back. */
async function echo(k, url, { transport, format = TransferFormat.Text, messages = ["hi"], ...options } = {}) {
  const c = new HttpConnection(url, { transport, logger: NullLogger.instance, ...options });
  let got = "", want = "", arrived;
  c.onreceive = (data) => {
    got += typeof data === "string" ? data : new TextDecoder().decode(data);
    if (got.length >= want.length) arrived();
  };
  const end = new Promise((yes) => (c.onclose = yes));
  await c.start(format);
  for (const m of messages) {
    const back = new Promise((yes) => (arrived = yes));
    want += m;
    await c.send(format === TransferFormat.Text ? m : new TextEncoder().encode(m).buffer);
    await back;
    same(got, want);
  }
  await c.stop();
  same(await end, undefined);
}

const name = async (c) => [c.connectionId === (await c.invoke("GetCallerConnectionId")), await c.invoke("GetActiveTransportName")];

export const otherCases = {
  "bad negotiation": (k) =>
    fails(k.open("/bad-negotiate"), "Failed to complete negotiation with the server: Error: Some response from server: Status code '400'"),

  "without WebSockets on the server: events for JSON, polling for MessagePack": async (k) => {
    same(await name(await k.open("/testhub-nowebsockets")), [true, "ServerSentEvents"]);
    k.packed = true;
    same(await name(await k.open("/testhub-nowebsockets")), [true, "LongPolling"]);
  },

  "without WebSockets in the client: events or polling": async (k) => {
    same(await name(await k.open("/testhub", { WebSocket: Broken })), [true, "ServerSentEvents"]);
    same(await name(await k.open("/testhub", { WebSocket: Broken, EventSource: Broken })), [true, "LongPolling"]);
    k.packed = true;
    same(await name(await k.open("/testhub", { WebSocket: Broken })), [true, "LongPolling"]);
  },

  "without negotiation: no id on the client, a new one on the server each time": async (k) => {
    for (const packed of [false, true]) {
      k.packed = packed;
      const c = k.make("/testhub", { transport: WebSockets, skipNegotiation: true, retry: true }), seen = new Set([null]);
      for (let i = 0; i < 2; i++) {
        await c.start();
        same(c.connectionId, null);
        seen.add(await c.invoke("GetCallerConnectionId"));
        await reconnected(c);
        same(c.connectionId, null);
        seen.add(await c.invoke("GetCallerConnectionId"));
        await c.stop();
      }
      same(seen.size, 5);
    }
  },

  "stateful reconnect: granted on /default to who asks for it, and nowhere else (trap 07)": async (k) => {
    for (const packed of [false, true]) {
      k.packed = packed;
      for (const [path, stateful, granted] of [["/default", true, true], ["/default", false, false], ["/testhub", true, false]]) {
        const c = await k.open(path, { stateful });
        same(!!c.connection.features.reconnect, granted, `${path}, asked for: ${stateful}, granted`);
        same(await Promise.all([c.invoke("Echo", "counted"), all(c.stream("Stream"))]), ["counted", ["a", "b", "c"]]);
      }
    }
  },

  "a plain WebSocket closed without code sees 1000 (trap 12)": (k) =>
    new Promise((yes, no) => {
      const w = new k.place.WebSocket(k.place.url.replace("http", "ws") + "/echo");
      w.onopen = () => w.send("hi");
      w.onmessage = (e) => (e.data === "hi" ? w.close() : no(new Error(e.data)));
      w.onclose = (e) => (e.code === 1000 && e.wasClean ? yes() : no(new Error(`code ${e.code}, clean ${e.wasClean}`)));
    }),

  ...Object.fromEntries(
    [WebSockets, ServerSentEvents, LongPolling].flatMap((transport) => [
      [`a raw line over ${HttpTransportType[transport]}`, (k) => echo(k, `${k.place.url}/echo`, { transport, messages: ["hello", "ä✓🎈\nline", "x".repeat(200_000)] })],
      [`a raw line over ${HttpTransportType[transport]} without credentials`, (k) => echo(k, `${k.place.url}/echo`, { transport, withCredentials: false })],
    ]),
  ),

  "a raw line in the binary format": async (k) => {
    for (const transport of [WebSockets, LongPolling]) await echo(k, `${k.place.url}/echo`, { transport, format: TransferFormat.Binary });
  },

  "HTTP redirects are followed": async (k) => {
    await echo(k, `${k.place.url}/echoredirect`, { transport: LongPolling });
    await echo(k, `${k.place.url}/echoredirect`, { transport: WebSockets | LongPolling });
  },

  "the same over TLS": async (k) => {
    for (const transport of [WebSockets, ServerSentEvents, LongPolling]) {
      const c = await k.open(`${k.place.secure}/testhub`, { transport }), end = closed(c);
      same(await name(c), [true, HttpTransportType[transport]]);
      same(await all(c.stream("Stream")), ["a", "b", "c"]);
      same(await c.invoke("GetCookie", "testCookie"), "testValue");
      await c.stop();
      same(await end, undefined);
    }
  },

  "the build is told": async (k) => that(JSON.parse(await k.place.get("/deployment")).Module, "no module"),
};
