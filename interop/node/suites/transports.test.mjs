// Each transport against what a hub offers, with the official client.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { client, closed, freePort, heard, request, start, transports } from "./server.mjs";

let server;
before(async () => (server = await start()));
after(async () => server?.stop());

/** What a client gets of a method that it should not get: the client swallows what a handler throws. */
const strays = (c, method) => {
  const got = [];
  c.on(method, (...a) => got.push(a));
  return got;
};

/** The connection token, which the client keeps to itself. */
const tokenOf = ({ connection: { transport: t } }) => new URL((t._url ?? t._webSocket.url).replace(/^ws/, "http")).searchParams.get("id");

const quick = { nextRetryDelayInMilliseconds: () => 100 };

for (const [name, transport] of transports)
  describe(name, () => {
    const open = async (path = "/golden", options) => {
      const c = client(server.url + path, transport, options);
      await c.start();
      return c;
    };

    test("call with a result, in order", async () => {
      const c = await open();
      assert.equal(await c.invoke("Echo", "ä✓🎈\n\u001e"), "ä✓🎈\n\u001e");
      assert.equal(await c.invoke("Add", 2, 3), 5);
      assert.deepEqual(await Promise.all(Array.from({ length: 100 }, (_, i) => c.invoke("EchoInt", i))), Array.from({ length: 100 }, (_, i) => i));
      await c.stop();
    });

    test("call without a result, and what it causes", async () => {
      const c = await open();
      const whispered = heard(c, "Whispered");
      await c.send("Whisper", "psst");
      assert.deepEqual(await whispered, ["psst"]);
      assert.equal(await c.invoke("Void"), null);
      await c.stop();
    });

    test("a send just before stop still reaches the others", async () => {
      const a = await open(), b = await open();
      const shouted = heard(b, "Shouted");
      await a.send("Shout", "last words");
      await a.stop();
      assert.deepEqual(await shouted, ["last words"]);
      await b.stop();
    });

    test("broadcast to the others", async () => {
      const all = await Promise.all([open(), open(), open()]);
      const own = strays(all[0], "Shouted");
      const both = Promise.all(all.slice(1).map((c) => heard(c, "Shouted")));
      await all[0].invoke("Shout", "hi");
      assert.deepEqual(await both, [["hi"], ["hi"]]);
      await all[0].invoke("Void"); // what was on its way to it is there
      assert.deepEqual(own, [], "the caller is no other");
      await Promise.all(all.map((c) => c.stop()));
    });

    test("group", async () => {
      const group = `g-${name}`, [a, b] = await Promise.all([open(), open()]);
      const outside = strays(b, "Told");
      await a.invoke("Join", group);
      const told = heard(a, "Told");
      await b.invoke("Tell", group, "to members");
      assert.deepEqual(await told, [group, "to members"]);
      await a.invoke("Leave", group);
      const behind = strays(a, "Told");
      await a.invoke("Tell", group, "nobody");
      await b.invoke("Void");
      assert.deepEqual([outside, behind], [[], []], "only members hear it");
      await Promise.all([a.stop(), b.stop()]);
    });

    test("user, on several connections", async () => {
      const [x, y, z] = await Promise.all([open("/users?user=ann"), open("/users?user=ann"), open("/users?user=bob")]);
      const another = strays(z, "Told");
      const both = Promise.all([heard(x, "Told"), heard(y, "Told")]);
      await z.invoke("TellUser", "ann", "dear");
      assert.deepEqual(await both, [["ann", "dear"], ["ann", "dear"]]);
      assert.equal(await z.invoke("Who"), "bob");
      assert.deepEqual(another, [], "another user hears nothing");
      await Promise.all([x.stop(), y.stop(), z.stop()]);
    });

    test("errors, with and without detail", async () => {
      const c = await open(), plain = await open("/golden-plain");
      await assert.rejects(c.invoke("Nope"), { message: /Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist.$/ });
      await assert.rejects(c.invoke("Fail", "other"), { message: /An unexpected error occurred invoking 'Fail' on the server. InvalidOperationException: boom$/ });
      await assert.rejects(plain.invoke("Fail", "other"), { message: /An unexpected error occurred invoking 'Fail' on the server.$/ });
      await assert.rejects(plain.invoke("Fail", "hub"), { message: /HubException: boom$/ });
      assert.equal(await c.invoke("Echo", "still here"), "still here");
      await Promise.all([c.stop(), plain.stop()]);
    });

    test("the client stops: closed without an error, and its id is gone", async () => {
      const c = await open();
      const end = closed(c);
      const url = `${server.url}/golden?id=${tokenOf(c)}`;
      assert.notEqual((await request(url, { method: "POST", body: "" })).status, 404, "it is there");
      await c.stop();
      assert.equal(await end, undefined);
      while ((await request(url, { method: "POST", body: "" })).status !== 404) await new Promise((go) => setTimeout(go, 20));
    });

    test("the server aborts: closed for good, without an error", async () => {
      const c = await open("/golden", { retry: quick });
      let again = 0;
      c.onreconnecting(() => again++);
      const end = closed(c);
      c.invoke("Abort").catch(() => {});
      assert.equal(await end, undefined);
      assert.equal(again, 0, "an abort forbids reconnecting");
    });

    test("the server restarts: reconnected with a new id, and handlers kept", async () => {
      let own = await start(await freePort());
      after(() => own.stop());
      const c = client(`${own.url}/golden`, transport, { retry: quick });
      await c.start();
      const id = c.connectionId;
      const back = new Promise((yes) => c.onreconnected(yes));
      assert.equal(await own.stop(), 0, "the server ends cleanly");
      own = await start(own.port);
      const again = await back;
      assert.notEqual(again, id);
      const whispered = heard(c, "Whispered");
      await c.invoke("Whisper", "again");
      assert.deepEqual(await whispered, ["again"]);
      await c.stop();
    });

    test("the server is killed: reconnected as well", async () => {
      let own = await start(await freePort());
      after(() => own.stop());
      const c = client(`${own.url}/golden`, transport, { retry: quick });
      await c.start();
      const back = new Promise((yes) => c.onreconnected(yes));
      await own.stop("SIGKILL");
      own = await start(own.port);
      await back;
      assert.equal(await c.invoke("Echo", "b"), "b");
      await c.stop();
    });
  });

test("fallback: what the server does not answer is passed over", async () => {
  class Blocked { constructor() { throw new Error("WebSockets are cut off"); } }
  const c = client(`${server.url}/default`, undefined, { WebSocket: Blocked });
  await c.start();
  assert.equal(await c.invoke("GetActiveTransportName"), "ServerSentEvents");
  class AlsoBlocked { constructor() { throw new Error("events are cut off"); } }
  const d = client(`${server.url}/default`, undefined, { WebSocket: Blocked, EventSource: AlsoBlocked });
  await d.start();
  assert.equal(await d.invoke("GetActiveTransportName"), "LongPolling");
  await Promise.all([c.stop(), d.stop()]);
});
