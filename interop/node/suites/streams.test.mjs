// Streams both ways and questions to the client, on each transport and in both
// encodings, with the official client.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { HttpTransportType, Subject } from "@microsoft/signalr";
import { client, heard, start, transports } from "./server.mjs";

let server;
before(async () => (server = await start()));
after(async () => server?.stop());

/** All items of a stream. */
const all = (stream) => new Promise((yes, no) => { const items = []; stream.subscribe({ next: (v) => items.push(v), complete: () => yes(items), error: no }); });

for (const [name, transport] of transports)
  for (const packed of [false, true]) {
    if (packed && transport === HttpTransportType.ServerSentEvents) continue; // carries text only
    describe(`${name}, ${packed ? "MessagePack" : "JSON"}`, () => {
      const open = async () => {
        const c = client(`${server.url}/golden`, transport, { packed });
        await c.start();
        return c;
      };

      test("values", async () => {
        const c = await open();
        assert.equal(await c.invoke("Echo", "ä✓🎈\n\u001e"), "ä✓🎈\n\u001e");
        assert.deepEqual(await c.invoke("EchoInts", [1, 2, 300]), [1, 2, 300]);
        assert.deepEqual(await c.invoke("EchoPoint", { X: 1, Y: -2, Label: "p" }), { X: 1, Y: -2, Label: "p" });
        assert.equal(await c.invoke("EchoNullable", null), null);
        assert.equal(await c.invoke("EchoDouble", 1.5), 1.5);
        await assert.rejects(c.invoke("EchoInt", "x"), { message: /Error binding arguments/ });
        await c.stop();
      });

      test("streams, several at once, beside calls", async () => {
        const c = await open();
        const [a, b, echo] = await Promise.all([all(c.stream("Count", 50, 2)), all(c.stream("Count", 50, 1)), c.invoke("Echo", "beside")]);
        assert.deepEqual(a, Array.from({ length: 50 }, (_, i) => i));
        assert.deepEqual(b, a);
        assert.equal(echo, "beside");
        assert.deepEqual(await all(c.stream("Count", 0, 0)), []);
        await assert.rejects(all(c.stream("CountThenFail", 2, "hub")), { message: /An error occurred on the server while streaming results. HubException: boom/ });
        await assert.rejects(all(c.stream("Echo", "a")), { message: /The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation./ });
        await c.stop();
      });

      test("cancel", async () => {
        const c = await open();
        const cancelled = heard(c, "Cancelled");
        const subscription = c.stream("Never").subscribe({ next() {}, complete() {}, error() {} });
        await c.invoke("Echo", "it runs");
        subscription.dispose();
        await cancelled;
        await c.stop();
      });

      test("uploads, alone, two at once, and turned into a stream", async () => {
        const c = await open();
        const numbers = new Subject(), sum = c.invoke("Sum", numbers);
        for (let i = 1; i <= 1000; i++) numbers.next(i);
        numbers.complete();
        assert.equal(await sum, 500500);
        const broken = new Subject(), fails = c.invoke("Sum", broken);
        broken.next(1);
        broken.error("half way");
        await assert.rejects(fails, { message: /HubException: half way/ });
        const items = new Subject(), scaled = all(c.stream("Scale", 10, items));
        for (const v of [1, 2, 3]) items.next(v);
        items.complete();
        assert.deepEqual(await scaled, [10, 20, 30]);
        await c.stop();
      });

      test("a question to the caller, a stream, an upload and calls side by side never deadlock", { timeout: 120_000 }, async () => {
        const c = await open();
        // The answer comes only after the client has called back and taken a stream.
        c.on("Answer", async (q) => (await c.invoke("Echo", q)).length + (await all(c.stream("Count", 5, 1))).length);
        for (let round = 0; round < 5; round++) {
          const items = new Subject(), sum = c.invoke("Sum", items);
          const rest = Promise.all([c.invoke("Ask", "one"), all(c.stream("Count", 20, 1)), c.invoke("Echo", "call"), c.invoke("Ask", "three"), all(c.stream("Count", 3, 0)), c.invoke("Delay", 5, "slow")]);
          for (let i = 0; i < 20; i++) items.next(i);
          const [one, long, echo, three, short, slow] = await rest;
          items.complete();
          assert.deepEqual([one, long.length, echo, three, short.length, slow, await sum], [9, 20, "call", 11, 3, "slow", 190]);
        }
        await c.stop();
      });

      test("questions: answered, failed, unheard, and only after calling back", async () => {
        const c = await open();
        await assert.rejects(c.invoke("Ask", "anybody?"), { message: /Client didn't provide a result./ });
        c.on("Answer", (q) => q.length);
        assert.equal(await c.invoke("Ask", "four"), 5);
        c.off("Answer");
        c.on("Answer", () => { throw new Error("no idea"); });
        await assert.rejects(c.invoke("Ask", "x"), { message: /HubException: Error: no idea/ });
        c.off("Answer");
        c.on("Answer", async (q) => (await c.invoke("Echo", q)).length); // one invocation at a time, and no deadlock
        assert.equal(await c.invoke("Ask", "back"), 5);
        await c.stop();
      });
    });
  }
