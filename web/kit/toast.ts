import { el, make } from "./dom";

/** Says something in a corner for a while; screen readers hear it politely. */
export function toast(text: string, kind: "news" | "problem" = "news", ms = 6000) {
  const box = el("toasts");
  const one = make("p", `toast ${kind}`, text);
  box.append(one);
  while (box.childElementCount > 3) box.firstElementChild!.remove();
  setTimeout(() => one.remove(), ms);
}
