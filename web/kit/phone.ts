import { button, make } from "./dom";
import { here } from "./here";

/** The button that shows this page's address on the local network as a QR code. */
export function phoneButton(): HTMLButtonElement {
  return button("On a phone", () => void open(), "far");
}

async function open() {
  const dialog = make("dialog", "plate phone");
  dialog.setAttribute("aria-label", "Open on a phone");
  const address = await lanAddress();
  dialog.append(make("h2", "", "Open on a phone"), ...(address ? await code(address) : [alone()]));
  dialog.append(button("Close", () => dialog.close()));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

async function lanAddress(): Promise<string> {
  const path = location.pathname + location.search + location.hash;
  if (!/^(localhost|127\.|\[::1\])/.test(location.hostname)) return location.origin + path;
  const [first] = (await here()).addresses;
  return first ? first + path : "";
}

async function code(address: string): Promise<HTMLElement[]> {
  const { encode } = await import("uqr");
  const { data, size } = encode(address, { border: 3 });
  const canvas = make("canvas");
  const scale = Math.ceil(240 / size);
  canvas.width = canvas.height = size * scale;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `QR code of ${address}`);
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = "#fff"; // cameras want black on white in either look
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000";
  data.forEach((row, y) => row.forEach((dark, x) => dark && pen.fillRect(x * scale, y * scale, scale, scale)));
  const link = make("a", "mono", address);
  link.href = address;
  return [make("p", "quiet", "A device in the same network opens this page with its camera."), canvas, link];
}

function alone(): HTMLElement {
  const p = make("p", "quiet", "This server listens on this machine only. To let a phone in, start it with ");
  p.append(make("code", "", `bin/switchboard serve --addr :${location.port || "5000"}`), " and open the page again.");
  return p;
}
