/** Finds an element that must be there. */
export function el<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element "${id}"`);
  return found as unknown as T;
}

/** Makes an element with a class and a text. Text never becomes markup. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text) e.textContent = text;
  return e;
}

/** A button that submits nothing. */
export function button(text: string, onClick: () => void, className = ""): HTMLButtonElement {
  const b = make("button", className, text);
  b.type = "button";
  b.addEventListener("click", onClick);
  return b;
}

export const clock = (at = new Date()) =>
  at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Gives back f held to one run in ms: the last call in that time counts. For numbers that people read: 250 or more. */
export function paced<A extends unknown[]>(ms: number, f: (...args: A) => void): (...args: A) => void {
  let timer = 0;
  let last: A;
  let ran = -Infinity;
  return (...args) => {
    last = args;
    if (timer) return;
    const run = () => {
      timer = 0;
      ran = performance.now();
      f(...last);
    };
    const wait = ran + ms - performance.now();
    if (wait <= 0) run();
    else timer = window.setTimeout(run, wait);
  };
}
