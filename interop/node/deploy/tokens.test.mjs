// Tokens as the official client sends them: in a header where it can, else in the query.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { client, transports } from "../suites/server.mjs";
import { binary, freePort, server } from "./proxy.mjs";

const dir = mkdtempSync(path.join(os.tmpdir(), "switchboard-token-"));
const secret = path.join(dir, "secret"), other = path.join(dir, "other");
writeFileSync(secret, "the secret of this test, longer than it must be\n", { mode: 0o600 });
writeFileSync(other, "another secret of this test, just as long as that\n", { mode: 0o600 });
const token = (file, audience = "chat") => execFileSync(binary, ["token", "--user", "ann", "--key-file", file, "--audience", audience], { encoding: "utf8" }).trim();

describe("tokens", { concurrency: true }, () => {
  let p, url;
  before(async () => {
    const port = await freePort();
    p = await server(port, ["--auth-secret-file", secret, "--auth-audience", "chat"]);
    url = `http://localhost:${port}/bench`;
  });
  after(async () => {
    await p?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  for (const [name, transport] of transports)
    for (const skipNegotiation of transport === 1 ? [false, true] : [false])
      test(`${name}${skipNegotiation ? " without negotiation" : ""}`, async () => {
        const good = token(secret);
        const open = (t) => client(url, transport, { skipNegotiation, accessTokenFactory: () => t });
        const c = open(good);
        await c.start();
        assert.equal(await c.invoke("Echo", "a"), "a");
        await c.stop();
        for (const bad of [token(other), token(secret, "mail"), `${good}x`, ""])
          await assert.rejects(open(bad).start(), skipNegotiation ? undefined : /401/);
        assert.ok(!p.log().includes(good) && !p.log().includes(good.split(".")[2]), "the token is in the log");
      });
});
