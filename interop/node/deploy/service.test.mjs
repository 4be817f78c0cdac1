// What else deploy/ has: is it what the binary and the system understand?
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { binary, reference } from "./proxy.mjs";

const deploy = (name) => new URL(`../../../deploy/${name}`, import.meta.url);

test("the configuration file is accepted as it is", () => {
  const out = execFileSync(binary, ["config", "--config", deploy("switchboard.yaml").pathname], { encoding: "utf8" });
  assert.match(out, /^gallery: false +# file .*switchboard\.yaml:\d+$/m);
  assert.match(out, /^allowed-hosts: \["chat\.example"\] /m);
});

test("the unit starts the program as it is", async () => {
  const unit = await readFile(deploy("switchboard.service"), "utf8");
  const [, args] = /^ExecStart=\/usr\/local\/bin\/switchboard (.*)$/m.exec(unit);
  const r = spawnSync(binary, [...args.replace("/etc/switchboard/switchboard.yaml", deploy("switchboard.yaml").pathname).split(" "), "--help"], { encoding: "utf8" });
  assert.equal(r.status, 0, r.stderr);
  if (spawnSync("systemd-analyze", ["--version"]).status === 0) {
    const v = spawnSync("systemd-analyze", ["verify", "--man=no", deploy("switchboard.service").pathname], { encoding: "utf8" });
    const complaints = v.stderr.split("\n").filter((l) => l.includes("switchboard.service") && !/not executable|No such file/.test(l));
    assert.deepEqual(complaints, []);
  }
});

test("a changed reference must hit", async () => {
  await assert.rejects(reference("nginx.conf", [["no such line", ""]]), /has no/);
});
