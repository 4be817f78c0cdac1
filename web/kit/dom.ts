/** Finds an element that must be there. */
export function el<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element "${id}"`);
  return found as T;
}

/** Makes an element with a class and a text. Text never becomes markup. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text) e.textContent = text;
  return e;
}

export const clock = (at = new Date()) =>
  at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
