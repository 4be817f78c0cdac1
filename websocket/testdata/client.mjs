// Node's own WebSocket as a client: node --experimental-websocket client.mjs URL
// It says every sample as text and as binary, checks the echo, then asks the
// server to close and prints how the line ended.
const samples = ['', 'a', 'κόσμε 😀', 'x'.repeat(125), 'x'.repeat(126), 'x'.repeat(65535), 'x'.repeat(65536), 'y'.repeat(400_000)];
const [url] = process.argv.slice(2);
const fail = why => { console.error(why); process.exit(1); };
const line = new WebSocket(url, ['other', 'echo']);
line.binaryType = 'arraybuffer';
let at = 0;

const say = () => {
  if (at === 2 * samples.length) return line.send('close please');
  const s = samples[at >> 1];
  line.send(at % 2 ? new TextEncoder().encode(s) : s);
};

line.onopen = () => {
  if (line.protocol !== 'echo') fail(`subprotocol ${line.protocol}`);
  say();
};
line.onmessage = ({ data }) => {
  const want = samples[at >> 1];
  const binary = data instanceof ArrayBuffer;
  if (binary !== (at % 2 === 1)) fail(`message ${at} came back as the other kind`);
  const got = binary ? new TextDecoder().decode(data) : data;
  if (got !== want) fail(`message ${at}: ${got.length} characters, want ${want.length}`);
  at++;
  say();
};
line.onerror = ({ error, message }) => fail(`error: ${error ?? message}`);
line.onclose = ({ code, reason, wasClean }) => console.log(JSON.stringify({ code, reason, wasClean, echoed: at, extensions: line.extensions }));
