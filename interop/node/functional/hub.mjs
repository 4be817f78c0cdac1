// Every method of TestHub, for each combination of transport and encoding.
import { HttpTransportType, Subject, VERSION } from "@microsoft/signalr";
import { all, closed, heard, reconnected } from "./clients.mjs";
import { fails, same, that } from "./check.mjs";

const generic = (method) => `An unexpected error occurred invoking '${method}' on the server.`;

export const hubCases = {
  "Echo": async (k) => {
    const c = await k.open();
    for (const text of ["", "hello", "ä✓🎈\n\r\n\u001e", "x".repeat(30000)]) same(await c.invoke("Echo", text), text);
    same(await Promise.all(Array.from({ length: 100 }, (_, i) => c.invoke("Echo", `${i}`))), Array.from({ length: 100 }, (_, i) => `${i}`));
  },

  "GetCallerConnectionId: a new one at each start, the same on both sides": async (k) => {
    const c = k.make(), seen = new Set();
    for (let i = 0; i < 3; i++) {
      await c.start();
      same(await c.invoke("GetCallerConnectionId"), c.connectionId);
      seen.add(c.connectionId);
      await c.stop();
    }
    same(seen.size, 3);
  },

  "GetNumRedirects: through a redirection, counted up, with a new id each time": async (k) => {
    const c = k.make(`/redirect?baseUrl=${k.place.url}`), ids = [], counts = [];
    for (let i = 0; i < 2; i++) {
      await c.start();
      counts.push(await c.invoke("GetNumRedirects"));
      ids.push(c.connectionId);
      same(await c.invoke("GetCallerConnectionId"), c.connectionId);
      await c.stop();
    }
    same(counts[1], counts[0] + 1);
    that(ids[0] !== ids[1], "the id is the same");
  },

  "reconnecting by itself: a new id, the same on both sides, handlers kept": async (k) => {
    const c = await k.open("/testhub", { retry: true }), old = c.connectionId, said = heard(c, "Message");
    same(await reconnected(c), c.connectionId);
    that(c.connectionId !== old, "the id is the same");
    same(await c.invoke("GetCallerConnectionId"), c.connectionId);
    await c.invoke("InvokeWithString", "again");
    same(await said, ["again"]);
  },

  "reconnecting by itself after a redirection: redirected again": async (k) => {
    const c = await k.open(`/redirect?baseUrl=${k.place.url}`, { retry: true }), before = await c.invoke("GetNumRedirects");
    await reconnected(c);
    same(await c.invoke("GetNumRedirects"), before + 1);
    same(await c.invoke("GetCallerConnectionId"), c.connectionId);
  },

  "ThrowException": async (k) => {
    const c = await k.open();
    await fails(c.invoke("ThrowException", "An error occurred."), generic("ThrowException") + " InvalidOperationException: An error occurred.");
    same(await c.invoke("Echo", "still here"), "still here");
  },

  "InvokeWithString": async (k) => {
    const c = await k.open(), message = heard(c, "message");
    same(await c.invoke("InvokeWithString", "ä✓"), null);
    same(await message, ["ä✓"]);
    const again = heard(c, "Message");
    await c.send("InvokeWithString", "sent");
    same(await again, ["sent"]);
  },

  "SendCustomObject": async (k) => {
    const c = await k.open(), object = heard(c, "CustomObject");
    await c.invoke("SendCustomObject", { Name: "test", Value: 42 });
    same(await object, [{ Name: "test", Value: 42 }]);
  },

  "Stream": async (k) => same(await all((await k.open()).stream("Stream")), ["a", "b", "c"]),

  "InfiniteStream: cancelled": async (k) => {
    const c = await k.open(), cancelled = heard(c, "StreamCanceled");
    const stream = c.stream("InfiniteStream").subscribe({ next: () => {}, complete: () => {}, error: () => {} });
    await c.invoke("Echo", "it has started");
    stream.dispose();
    same(await cancelled, []);
  },

  "StreamingConcat": async (k) => {
    const c = await k.open(), items = new Subject(), result = c.invoke("StreamingConcat", items);
    for (const s of ["a", "", "ä", "c"]) items.next(s);
    items.complete();
    same(await result, "aäc");
  },

  "StreamingConcat: the upload fails": async (k) => {
    const c = await k.open(), items = new Subject(), result = c.invoke("StreamingConcat", items);
    items.next("a");
    items.error(new Error("Something bad"));
    await fails(result, generic("StreamingConcat") + " HubException: Something bad");
  },

  "EmptyStream": async (k) => same(await all((await k.open()).stream("EmptyStream")), []),

  "StreamThrowException": async (k) => {
    const c = await k.open();
    await fails(all(c.stream("StreamThrowException", "An error occurred.")), generic("StreamThrowException") + " InvalidOperationException: An error occurred.");
  },

  "a stream that is invoked, and a call that is streamed": async (k) => {
    const c = await k.open();
    for (const name of ["EmptyStream", "Stream"]) await fails(c.invoke(name), `The client attempted to invoke the streaming '${name}' method with a non-streaming invocation.`);
    await fails(all(c.stream("Echo", "42")), "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation.");
  },

  "GetActiveTransportName": async (k) => same(await (await k.open()).invoke("GetActiveTransportName"), HttpTransportType[k.transport]),

  "EchoComplexObject": async (k) => {
    const c = await k.open();
    const object = {
      String: "Hello, World!", IntArray: [0, 1, -2, 255, 65536], Guid: "00010203-0405-0607-0706-050403020100",
      ByteArray: k.packed ? new Uint8Array([0x68, 0x65, 0xff]) : "aGX/",
      DateTime: k.packed ? new Date(Date.UTC(2002, 3, 1, 10, 20, 15)) : "2002-04-01T10:20:15Z",
    };
    same(await c.invoke("EchoComplexObject", object), object);
  },

  "SendComplexObject": async (k) =>
    same(await (await k.open()).invoke("SendComplexObject"), {
      String: "hello world", IntArray: [1, 2, 3], Guid: "00010203-0405-0607-0706-050403020100",
      ByteArray: k.packed ? new Uint8Array([1, 2, 3]) : "AQID",
      DateTime: k.packed ? new Date(Date.UTC(2000, 0, 1)) : "2000-01-01T00:00:00Z",
    }),

  "GetContentTypeHeader": async (k) => same(await (await k.open()).invoke("GetContentTypeHeader"), null),

  "GetHeader: the library's name, and what a user sets over it": async (k) => {
    const name = k.place.browser ? "X-SignalR-User-Agent" : "User-Agent";
    const silent = k.place.browser && k.transport !== HttpTransportType.LongPolling; // a page sets no headers there
    const value = await (await k.open()).invoke("GetHeader", name);
    that(silent ? value === null : value.startsWith(`Microsoft SignalR/${VERSION.split(".", 2).join(".")} (${VERSION}; `), `the header is ${value}`);
    const own = await k.open("/testhub", { headers: { [name]: "mine", "X-Own": "more" } });
    same([await own.invoke("GetHeader", name), await own.invoke("GetHeader", "X-Own")], silent ? [null, null] : ["mine", "more"]);
  },

  "GetCookie": async (k) => {
    const c = await k.open();
    same(await Promise.all(["testCookie", "testCookie2", "expiredCookie"].map((n) => c.invoke("GetCookie", n))), ["testValue", "testValue2", null]);
  },

  "client results": async (k) => {
    const c = await k.open(), ask = () => k.place.get(`/clientresult/${c.connectionId}`);
    same(await ask(), "Client didn't provide a result.");
    c.on("Result", () => 10);
    same(await ask(), "10");
    c.off("Result");
    c.on("Result", async () => { throw new Error("from callback"); });
    same(await ask(), "Error: from callback");
  },

  "a stream, a question and calls side by side": async (k) => {
    const c = await k.open(), cancelled = heard(c, "StreamCanceled");
    const endless = c.stream("InfiniteStream").subscribe({ next: () => {}, complete: () => {}, error: () => {} });
    c.on("Result", async () => (await c.invoke("Echo", "called back")).length);
    const asked = k.place.get(`/clientresult/${c.connectionId}`);
    same(await Promise.all([all(c.stream("Stream")), c.invoke("Echo", "beside"), asked, all(c.stream("Stream"))]), [["a", "b", "c"], "beside", "11", ["a", "b", "c"]]);
    endless.dispose();
    await cancelled;
  },

  "authorized: refused without a token, let in with one": async (k) => {
    await fails(k.open("/authorizedhub"), "Failed to complete negotiation with the server: Error: Unauthorized: Status code '401'");
    const c = await k.open("/authorizedhub", { accessTokenFactory: () => k.place.get("/generateJwtToken") });
    same(await c.invoke("Echo", "in"), "in");
  },

  "the hub cannot be made: Close says why": async (k) => {
    const c = k.make("/uncreatable"), end = closed(c);
    const early = await c.start().then(() => undefined, (e) => e); // the Close may come with the handshake
    const e = early ?? (await end);
    // Over events the client may trip first over its own ping, a POST to a connection that has ended.
    if (k.transport === HttpTransportType.ServerSentEvents && e.message === "No Connection with that ID: Status code '404'") return;
    that(e.message.endsWith("Server returned an error on close: Connection closed with an error. InvalidOperationException: Unable to resolve service for type 'System.Object' while attempting to activate 'FunctionalTests.UncreatableHub'."), e.message);
  },

  "the client's time-out for the server": async (k) => {
    if (k.transport === HttpTransportType.LongPolling) return; // keeps itself alive
    const c = await k.open(), end = closed(c);
    c.serverTimeoutInMilliseconds = 1;
    c.invoke("Echo", "the answer starts the clock").catch(() => {});
    same((await end).message, "Server timeout elapsed without receiving a message from the server.");
  },

  "the client stops: no error": async (k) => {
    const c = await k.open(), end = closed(c);
    await c.stop();
    same(await end, undefined);
  },
};
