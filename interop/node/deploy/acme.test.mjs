// A certificate by ACME, from an authority of this test: Let's Encrypt's Pebble,
// which looks names up in a name server of its own and asks on TLS as the real one does.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import tls from "node:tls";
import { answers, binary, freePort, root, run } from "./proxy.mjs";

const { CERT, KEY } = process.env; // of run.mjs; SSL_CERT_FILE lets the server trust Pebble's own
const name = "chat.example";

/** The certificate that is shown to who asks for a name, or the error. */
async function shown(port, servername) {
  const c = tls.connect({ port, host: "127.0.0.1", servername, rejectUnauthorized: false });
  try {
    await once(c, "secureConnect");
    return c.getPeerCertificate();
  } catch (e) {
    return { error: e };
  } finally {
    c.destroy();
  }
}

describe("ACME", () => {
  let dir, authority, names, port, s;
  const serve = async (directory) => {
    const p = run(binary, ["serve", "--addr", `127.0.0.1:${port}`, "--acme-domain", name, "--acme-cache", path.join(dir, "cache"), "--acme-directory", directory, "--log-level", "debug"]);
    await answers(port, p);
    return p;
  };
  let directory;
  before(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), "switchboard-acme-"));
    const dns = await freePort(), ca = await freePort();
    port = await freePort();
    names = run(path.join(root, "out/pebble-challtestsrv"), ["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dnsserver", `127.0.0.1:${dns}`, "-management", `127.0.0.1:${await freePort()}`, "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""]);
    await answers(dns, names);
    const pebble = { listenAddress: `127.0.0.1:${ca}`, managementListenAddress: "", certificate: CERT, privateKey: KEY, httpPort: 1, tlsPort: port, retryAfter: { authz: 1, order: 1 } };
    await writeFile(path.join(dir, "pebble.json"), JSON.stringify({ pebble }));
    authority = run(path.join(root, "out/pebble"), ["-config", path.join(dir, "pebble.json"), "-dnsserver", `127.0.0.1:${dns}`], { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" });
    await answers(ca, authority);
    directory = `https://localhost:${ca}/dir`;
    s = await serve(directory);
  });
  after(async () => {
    await Promise.all([s?.stop(), authority?.stop(), names?.stop()]);
    await rm(dir, { recursive: true, force: true });
  });

  // A slow machine may need longer for a certificate than the server waits for a handshake.
  const got = async () => {
    for (const end = Date.now() + 120_000; ;) {
      const cert = await shown(port, name);
      if (!cert.error || Date.now() > end) return cert;
      await new Promise((yes) => setTimeout(yes, 500));
    }
  };

  test("the first handshake gets one, a name that was not given gets none", async () => {
    const foreign = await shown(port, "evil.example");
    assert.ok(foreign.error, "a certificate for another name was got");
    const cert = await got();
    assert.equal(cert.subjectaltname, `DNS:${name}`, `${cert.error}\n${s.log()}\n${authority.log()}`);
    assert.match(cert.issuer.CN, /Pebble/);
  });

  test("it is kept in the cache, for nobody else to read, and survives a restart without the authority", async () => {
    const before = await got();
    await Promise.all([s.stop(), authority.stop()]);
    const cache = path.join(dir, "cache");
    assert.ok((await readdir(cache)).some((f) => f.startsWith(name)));
    assert.equal((await stat(cache)).mode & 0o077, 0);
    for (const f of await readdir(cache)) assert.equal((await stat(path.join(cache, f))).mode & 0o077, 0, f);
    s = await serve(directory);
    const cert = await got();
    assert.equal(cert.fingerprint256, before.fingerprint256, `${cert.error}\n${s.log()}`);
  });
});
