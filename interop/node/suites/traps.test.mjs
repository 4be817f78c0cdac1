// The traps that break real clients; numbers are those of interop/checklist.md.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HttpTransportType } from "@microsoft/signalr";
import { client, closed, events, heard, hello, line, negotiate, request, RS, socket, start } from "./server.mjs";

let server, url;
before(async () => {
  server = await start();
  url = `${server.url}/golden`;
});
after(async () => server?.stop());

const call = (id, target, ...args) => JSON.stringify({ type: 1, invocationId: id, target, arguments: args }) + RS;
const fresh = async (path = "/golden") => `${server.url}${path}?id=${(await negotiate(server.url + path)).connectionToken}`;

test("trap 01: a transport message holds whole hub messages only", async () => {
  const w = await line(url);
  w.send(call("1", "Self", 200));
  for (let got = ""; !got.includes('"invocationId":"1"'); ) {
    got = (await w.next()).text;
    assert.ok(got.endsWith(RS), "a fraction of a hub message");
  }
  w.close();
});

test("trap 02: no answer to a call without id, whatever happens to it", async () => {
  const w = await line(url);
  for (const m of ['"target":"Nope","arguments":[]', '"target":"Fail","arguments":["hub"]', '"target":"Echo","arguments":["a"]', '"invocationId":"","target":"Void","arguments":[]']) w.send(`{"type":1,${m}}${RS}`);
  w.send(call("z", "Echo", "first"));
  assert.equal((await w.next()).text, `{"type":3,"invocationId":"z","result":"first"}${RS}`);
  w.close();
});

test("trap 03: bytes are a stream: JSON in binary frames, split anywhere, and far over 32 KiB in one frame", async () => {
  const w = await socket(url);
  for (const c of hello) w.send(Buffer.from(c));
  assert.equal((await w.next()).text, `{}${RS}`);
  const many = Array.from({ length: 60 }, (_, i) => call(String(i), "Echo", "x".repeat(1000))).join("");
  w.send(Buffer.from(many));
  for (let i = 0; i < 60; i++) {
    const m = await w.next();
    assert.equal(m.binary, false, "JSON goes out in text frames");
    assert.ok(m.text.includes(`"invocationId":"${i}"`));
  }
  w.close();
});

test("trap 04: the handshake may share its payload with messages", async () => {
  const w = await socket(url);
  w.send(hello + call("1", "Echo", "glued"));
  assert.equal((await w.next()).text, `{}${RS}`);
  assert.ok((await w.next()).text.includes('"glued"'));
  w.close();
});

test("trap 05: errors of negotiation are 200 with a property", async () => {
  const r = await request(`${url}/negotiate?negotiateVersion=abc`, { method: "POST" });
  assert.deepEqual([r.status, r.text], [200, '{"error":"The client requested a non-integer protocol version."}']);
});

test("trap 06: negotiation without a version writes version 0 out", async () => {
  const n = await negotiate(url, "");
  assert.equal(n.negotiateVersion, 0);
  assert.ok(n.connectionId && n.availableTransports.length === 3 && !("connectionToken" in n));
  const w = await socket(`${url}?id=${n.connectionId}`);
  w.send(hello);
  assert.equal((await w.next()).text, `{}${RS}`);
  w.close();
});

test("trap 07: stateful reconnect is not granted unasked", async () => {
  assert.ok(!("useStatefulReconnect" in (await negotiate(url))));
});

/** On /impatient a handshake may take a second, which is little for a busy machine: several tries. */
async function patiently(open) {
  for (let i = 1; ; i++)
    try {
      return await open();
    } catch (e) {
      if (i === 10) throw e;
    }
}
const impatient = () => patiently(() => line(`${server.url}/impatient`));

test("trap 08: a client that never pings stays; one that falls silent after a ping is closed", async () => {
  const quiet = await impatient(), silent = await impatient();
  silent.send(`{"type":6}${RS}`);
  let last;
  silent.on("message", (d) => (last = d.toString()));
  assert.equal(await silent.ended, 1000);
  assert.equal(last, `{"type":7,"error":"Connection closed with an error.","allowReconnect":true}${RS}`);
  quiet.send(call("1", "Echo", "still here"));
  for (let m = ""; !m.includes("still here"); ) m = (await quiet.next()).text;
  quiet.close();
});

test("trap 09: the server pings on WebSockets and event streams", async () => {
  const w = await impatient();
  assert.equal((await w.next()).text, `{"type":6}${RS}`);
  w.close();
  const e = await patiently(async () => {
    const u = await fresh("/impatient"), e = await events(u).opened;
    await request(u, { method: "POST", body: hello });
    await Promise.race([e.until(`data: {}${RS}\r\n\r\n`), e.ended.then(() => assert.fail(e.text))]);
    return e;
  });
  await e.until(`data: {"type":6}${RS}\r\n\r\n`);
  e.abort();
});

test("trap 10: the first poll returns at once, 200 and empty", async () => {
  const r = await request(await fresh());
  assert.deepEqual([r.status, r.text, r.headers["content-length"]], [200, "", "0"]);
});

test("trap 11: an event stream flushes something behind its head", async () => {
  const e = await events(await fresh()).opened;
  assert.equal(e.text, ":\r\n");
  e.abort();
});

test("trap 12: a close frame without code is answered with 1000", async () => {
  const w = await socket(url);
  w.close();
  assert.equal(await w.ended, 1000);
});

test("trap 13: unknown types and properties are ignored", async () => {
  const w = await line(url);
  w.send(`{"type":99}${RS}{"type":0,"a":{}}${RS}{"zz":[1],"type":1,"invocationId":"1","target":"Echo","arguments":["a"],"q":{"r":null}}${RS}`);
  assert.equal((await w.next()).text, `{"type":3,"invocationId":"1","result":"a"}${RS}`);
  w.close();
});

test("trap 14: names compare without case here and keep it on the way out", async () => {
  const w = await line(url);
  w.send(call("1", "wHISPER", "a"));
  assert.equal((await w.next()).text, `{"type":1,"target":"Whispered","arguments":["a"]}${RS}`);
  w.close();
});

test("trap 15: a client's Completion is an upload's end or an answer, told by its id", async () => {
  const w = await line(url);
  w.send(`{"type":1,"invocationId":"1","target":"Sum","arguments":[],"streamIds":["u"]}${RS}` + call("2", "Ask", "?"));
  const { invocationId } = JSON.parse((await w.next()).text.slice(0, -1));
  w.send(`{"type":3,"invocationId":"nobody"}${RS}{"type":2,"invocationId":"u","item":4}${RS}{"type":3,"invocationId":"${invocationId}","result":6}${RS}`);
  assert.equal((await w.next()).text, `{"type":3,"invocationId":"2","result":7}${RS}`);
  w.send(`{"type":3,"invocationId":"${invocationId}","result":9}${RS}{"type":3,"invocationId":"u"}${RS}`);
  assert.equal((await w.next()).text, `{"type":3,"invocationId":"1","result":4}${RS}`);
  w.close();
});

test("trap 16: the id is dead before Close is seen", async () => {
  const u = await fresh();
  const w = await line(u);
  w.send(call("1", "Abort"));
  assert.equal((await w.next()).text, `{"type":7}${RS}`);
  await assert.rejects(socket(u), /404/);
});

test("trap 17: unauthorized is 401 with an empty body, and the client says so", async () => {
  const r = await request(`${server.url}/golden-auth/negotiate?negotiateVersion=1`, { method: "POST" });
  assert.deepEqual([r.status, r.reason, r.text, r.headers["content-type"]], [401, "Unauthorized", "", undefined]);
  await assert.rejects(client(`${server.url}/golden-auth`).start(), { message: "Failed to complete negotiation with the server: Error: Unauthorized: Status code '401'" });
});

test("trap 19: a poll of an ended connection is 404, never 204", async () => {
  const u = await fresh();
  await request(u);
  await request(u, { method: "DELETE" });
  assert.equal((await request(u)).status, 404);
});

test("trap 20: tokens are safe in a URL", async () => {
  for (let i = 0; i < 20; i++) {
    const n = await negotiate(url);
    assert.match(n.connectionToken, /^[A-Za-z0-9_-]{40,}$/);
    assert.match(n.connectionId, /^[A-Za-z0-9_-]{22}$/);
    assert.ok(!n.connectionToken.includes(n.connectionId));
  }
});

test("a POST of Close after DELETE is 404 and no error in the log", async () => {
  const u = await fresh();
  await request(u);
  await request(u, { method: "DELETE" });
  assert.equal((await request(u, { method: "POST", body: `{"type":7}${RS}` })).status, 404);
  assert.ok(!server.log().includes("ERROR"), server.log());
});

test("long polling: stop waits for nothing and leaves nothing", async () => {
  const c = client(url, HttpTransportType.LongPolling);
  await c.start();
  const end = closed(c);
  await c.stop();
  assert.equal(await end, undefined);
});

test("browsers of an allowed origin may read answers, errors included; others get 403", async () => {
  const u = `${server.url}/users`, origin = "https://app.example";
  const preflight = await request(`${u}/negotiate`, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "x-requested-with,x-signalr-user-agent,authorization" } });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers["access-control-allow-origin"], origin);
  assert.equal(preflight.headers["access-control-allow-credentials"], "true");
  assert.match(preflight.headers["access-control-allow-headers"], /x-signalr-user-agent/);
  for (const [path, method, status] of [["/negotiate", "POST", 401], ["?id=unknown&user=ann", "GET", 404], ["?user=ann", "POST", 400], ["?id=x&user=ann", "DELETE", 404]]) {
    const r = await request(u + path, { method, headers: { origin } });
    assert.deepEqual([r.status, r.headers["access-control-allow-origin"], r.headers.vary], [status, origin, "Origin"], path);
  }
  for (const foreign of ["https://evil.example", "null", "https://app.example.evil"])
    for (const [path, method] of [["/negotiate?user=a", "POST"], ["?user=a", "GET"], ["?user=a", "POST"], ["?user=a", "DELETE"], ["/negotiate", "OPTIONS"]]) {
      const r = await request(u + path, { method, headers: { origin: foreign } });
      assert.deepEqual([r.status, r.headers["access-control-allow-origin"]], [403, undefined], `${foreign} ${method} ${path}`);
    }
  await assert.rejects(socket(`${u}?user=a`, { headers: { origin: "https://evil.example" } }), /403/);
  (await line(`${u}?user=a`, { headers: { origin } })).close();
});
