// Makes a certificate for this run, and runs the tests so that they trust it:
// Node reads NODE_EXTRA_CA_CERTS at its start only.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const dir = mkdtempSync(path.join(os.tmpdir(), "switchboard-cert-"));
const CERT = path.join(dir, "cert.pem"), KEY = path.join(dir, "key.pem");
try {
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", KEY, "-out", CERT,
    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], { stdio: ["ignore", "ignore", "pipe"] });
  const env = { ...process.env, CERT, KEY, NODE_EXTRA_CA_CERTS: CERT, SSL_CERT_FILE: CERT };
  // The time-out is for a whole file: it ends what hangs, and a slow machine must not meet it.
  const r = spawnSync(process.execPath, ["--test", "--test-concurrency=2", "--test-timeout=600000", ...["proxies", "service", "tokens", "acme", "drain"].map((n) => `deploy/${n}.test.mjs`)], { env, stdio: "inherit" });
  process.exitCode = r.status ?? 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
