// A plain address for a server that speaks TLS: suites that know only http run
// against https through it. node tunnel.mjs https://127.0.0.1:PORT prints its own URL.
import net from 'node:net'
import tls from 'node:tls'

const { hostname, port } = new URL(process.argv[2])
const tunnel = net.createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  // The certificate is of this run.
  const far = tls.connect({ host: hostname, port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], allowHalfOpen: true })
  near.pipe(far).pipe(near)
  near.on('error', () => far.destroy())
  far.on('error', () => near.resetAndDestroy())
  near.on('close', (failed) => failed || far.destroySoon())
})
tunnel.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${tunnel.address().port}`))
