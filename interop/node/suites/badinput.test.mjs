// Bad input gets its exact answer and leaves other connections working.
import assert from "node:assert/strict";
import net from "node:net";
import { after, afterEach, before, test } from "node:test";
import { bytes, client, line, negotiate, request, RS, socket, start } from "./server.mjs";

let server, url, witness;
before(async () => {
  server = await start();
  url = `${server.url}/golden`;
  witness = client(url);
  await witness.start();
});
afterEach(async () => assert.equal(await witness.invoke("Echo", "fine"), "fine", "another connection suffers"));
after(async () => {
  await witness?.stop();
  await server?.stop();
});

test("garbage negotiations", async () => {
  for (const [method, path, status] of [["POST", "/negotiate?negotiateVersion=%zz", 200], ["GET", "/negotiate", 405], ["POST", "/negotiate/x", 404], ["POST", "//negotiate", 404], ["PUT", "", 405]])
    assert.equal((await request(url + path, { method, body: method === "POST" ? "{garbage" : undefined })).status, status, `${method} ${path}`);
});

test("unknown ids", async () => {
  for (const [method, status] of [["GET", 404], ["POST", 404], ["DELETE", 404]]) assert.equal((await request(`${url}?id=${"x".repeat(4000)}`, { method })).status, status);
  await assert.rejects(socket(`${url}?id=unknown`), /404/);
  const { connectionToken: t } = await negotiate(url);
  const forged = t.slice(0, -1) + (t.endsWith("A") ? "B" : "A");
  assert.equal((await request(`${url}?id=${forged}`)).status, 404, "a token with a wrong MAC");
});

test("an oversized message", async () => {
  const w = await line(`${server.url}/golden-plain`);
  w.send(`{"type":1,"target":"Echo","arguments":["${"x".repeat(40000)}"]}${RS}`);
  assert.equal((await w.next()).text, `{"type":7,"error":"Connection closed with an error.","allowReconnect":true}${RS}`);
  assert.equal(await w.ended, 1000);
});

test("half a handshake, and an endless one", async () => {
  const half = await socket(`${server.url}/impatient`);
  half.send('{"protocol":"json",');
  assert.equal((await half.next()).text, `{"error":"Handshake was canceled."}${RS}`);
  assert.equal(await half.ended, 1000);
  const endless = await socket(url);
  endless.send("x".repeat(40000));
  assert.equal((await endless.next()).text, `{"error":"Handshake was canceled."}${RS}`);
  assert.equal(await endless.ended, 1000);
});

test("invalid UTF-8 in a text frame, and in a binary one", async () => {
  const w = await line(url);
  w.send(Buffer.from([0xff, 0xfe]), { binary: false });
  assert.equal(await w.ended, 1007);
  const b = await line(url);
  b.send(Buffer.concat([Buffer.from('{"type":1,"invocationId":"1","target":"Echo","arguments":["'), Buffer.from([0xff]), Buffer.from(`"]}${RS}`)]));
  assert.match((await b.next()).text, /Failed to invoke 'Echo'/);
  b.close();
});

const upgrade = (path) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`;

test("a frame that claims 2^62 bytes: nothing happens until they come", async () => {
  const c = net.connect(server.port, "127.0.0.1");
  c.write(upgrade("/golden"));
  await new Promise((yes) => c.once("data", yes));
  c.write(Buffer.from([0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
  c.write(Buffer.from(`{"protocol":"json","version":1}${RS}`)); // the mask is zero
  const answer = await new Promise((yes) => c.once("data", yes));
  assert.equal(answer.subarray(2).toString(), `{}${RS}`);
  c.destroy();
});

test("a frame that claims 2^62 bytes on a raw line: 1009, and the other raw line goes on", async () => {
  const other = await socket(`${server.url}/ws`);
  const got = await bytes(server.port, Buffer.concat([Buffer.from(upgrade("/ws")), Buffer.from([0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])]));
  assert.ok(got.includes(Buffer.from([0x88])) && got.includes(Buffer.from([0x03, 0xf1])), got.toString("hex"));
  other.send("fine");
  assert.equal((await other.next()).text, "Echo: fine");
  other.close();
});

test("violations of the frame format close with 1002", async () => {
  for (const frame of [[0xc1, 0x80, 0, 0, 0, 0], [0x81, 1, 0x61], [0x83, 0x80, 0, 0, 0, 0], [0x09, 0x80, 0, 0, 0, 0], [0x80, 0x80, 0, 0, 0, 0]]) {
    const got = await bytes(server.port, Buffer.concat([Buffer.from(upgrade("/golden")), Buffer.from(frame)]));
    assert.equal(got.subarray(-4).toString("hex"), "880203ea");
  }
});

test("1,000 connections that send nothing are ended by the handshake's time-out", { timeout: 300_000 }, async () => {
  const ends = await Promise.all(
    Array.from({ length: 1000 }, () =>
      bytes(server.port, upgrade("/impatient")).then((got) => got.includes('{"error":"Handshake was canceled."}') && got.includes(Buffer.from([0x88, 0x02, 0x03, 0xe8])))),
  );
  assert.equal(ends.filter(Boolean).length, 1000);
});

test("200 negotiations from one address: the first hundred wait, the others hear 429", async () => {
  const own = await start();
  after(() => own.stop());
  const all = await Promise.all(Array.from({ length: 200 }, () => request(`${own.url}/golden/negotiate?negotiateVersion=1`, { method: "POST" })));
  const count = (s) => all.filter((r) => r.status === s).length;
  assert.deepEqual([count(200), count(429)], [100, 100]);
  assert.ok(all.find((r) => r.status === 429).headers["retry-after"]);
});
