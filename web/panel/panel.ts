import "../kit/base.css";
import { el } from "../kit/dom";
import { Lamp } from "../kit/lamp";
import "./panel.css";

// The first page holds no line open; it asks for the server's health now and then.
const lamp = new Lamp(el("lamp"), () => void look());

async function look() {
  const from = performance.now();
  try {
    const answer = await fetch("/healthz", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    lamp.show("connected", "The exchange is open", `answers in ${Math.max(1, Math.round(performance.now() - from))} ms`);
  } catch {
    lamp.wait("The exchange does not answer.", 5000);
  }
}

setInterval(() => {
  if (document.visibilityState === "visible") void look();
}, 5000);
void look();
