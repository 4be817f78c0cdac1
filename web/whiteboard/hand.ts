import { height, width } from "./wire";

/** Where a hand is and what it does, in the board's units. */
export interface Motion {
  down(x: number, y: number): void;
  move(x: number, y: number): void;
  up(): void;
  /** The keyboard's hand is here; undefined when it has gone. */
  hand(at: [x: number, y: number] | undefined): void;
}

const clamp = (v: number, most: number) => Math.round(Math.max(0, Math.min(most, v)));

/** Turns mouse, finger, pen and keyboard on a canvas into motion. */
export function hand(area: HTMLElement, motion: Motion) {
  let pointer = -1;
  let at: [number, number] = [width / 2, height / 2];
  let pressed = false; // by the keyboard

  const place = (e: PointerEvent): [number, number] => {
    const box = area.getBoundingClientRect();
    return [clamp(((e.clientX - box.left) / box.width) * width, width), clamp(((e.clientY - box.top) / box.height) * height, height)];
  };
  area.addEventListener("pointerdown", (e) => {
    if (e.button !== 0 || pointer >= 0) return;
    pointer = e.pointerId;
    area.setPointerCapture(pointer);
    motion.hand(undefined);
    motion.down(...place(e));
  });
  area.addEventListener("pointermove", (e) => {
    if (pointer >= 0 && e.pointerId !== pointer) return;
    for (const one of e.getCoalescedEvents?.().length ? e.getCoalescedEvents() : [e]) motion.move(...place(one));
  });
  const up = (e: PointerEvent) => {
    if (e.pointerId !== pointer) return;
    pointer = -1;
    motion.up();
  };
  area.addEventListener("pointerup", up);
  area.addEventListener("pointercancel", up);

  const lift = () => {
    if (pressed) motion.up();
    pressed = false;
  };
  area.addEventListener("blur", () => {
    lift();
    motion.hand(undefined);
  });
  area.addEventListener("keydown", (e) => {
    const far = e.shiftKey ? 60 : 12;
    const way = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }[e.key];
    if (way) {
      at = [clamp(at[0] + way[0], width), clamp(at[1] + way[1], height)];
      motion.move(...at);
    } else if (e.key === " " || e.key === "Enter") {
      if (e.repeat) return e.preventDefault();
      pressed = !pressed;
      if (pressed) motion.down(...at);
      else motion.up();
    } else if (e.key === "Escape") lift();
    else return;
    e.preventDefault();
    motion.hand(at);
  });
}
