const ways: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0], KeyA: [-1, 0],
  ArrowRight: [1, 0], KeyD: [1, 0],
  ArrowUp: [0, -1], KeyW: [0, -1],
  ArrowDown: [0, 1], KeyS: [0, 1],
};

const far = 60; // pixels of a drag for full steer

/** What keyboard, finger and mouse want. */
export class Controls {
  private readonly held = new Set<string>();
  private origin: { id: number; x: number; y: number } | undefined;
  private drag: [number, number] = [0, 0];
  private dashed = false;

  constructor(
    private readonly area: HTMLElement,
    dash: HTMLElement,
  ) {
    area.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      if (e.code === "Space" && !e.repeat) this.dashed = true;
      else if (ways[e.code]) this.held.add(e.code);
      else if (e.code !== "Space") return;
      e.preventDefault();
    });
    area.addEventListener("keyup", (e) => this.held.delete(e.code));
    area.addEventListener("blur", () => this.held.clear());
    dash.addEventListener("click", () => (this.dashed = true));
    this.listenToPointers();
  }

  /** The steer of the moment, and whether a dash was asked for since the last call. */
  take(): { dx: number; dy: number; dash: boolean } {
    let [x, y] = this.drag;
    for (const code of this.held) {
      x += ways[code][0];
      y += ways[code][1];
    }
    const length = Math.max(1, Math.hypot(x, y));
    const dash = this.dashed;
    this.dashed = false;
    return { dx: Math.round((x / length) * 100), dy: Math.round((y / length) * 100), dash };
  }

  /** Where the finger has set its stick, and where it is. In pixels of the area. */
  get stick(): { x: number; y: number; dx: number; dy: number } | undefined {
    return this.origin && { x: this.origin.x, y: this.origin.y, dx: this.drag[0] * far, dy: this.drag[1] * far };
  }

  private listenToPointers() {
    const at = (e: PointerEvent) => {
      const box = this.area.getBoundingClientRect();
      return { x: e.clientX - box.left, y: e.clientY - box.top };
    };
    this.area.addEventListener("pointerdown", (e) => {
      if (this.origin) return void (this.dashed = true); // a second finger
      this.origin = { id: e.pointerId, ...at(e) };
      this.area.setPointerCapture(e.pointerId);
    });
    this.area.addEventListener("pointermove", (e) => {
      if (this.origin?.id !== e.pointerId) return;
      const dx = at(e).x - this.origin.x;
      const dy = at(e).y - this.origin.y;
      const length = Math.max(far, Math.hypot(dx, dy));
      this.drag = [dx / length, dy / length];
    });
    const up = (e: PointerEvent) => {
      if (this.origin?.id !== e.pointerId) return;
      this.origin = undefined;
      this.drag = [0, 0];
    };
    this.area.addEventListener("pointerup", up);
    this.area.addEventListener("pointercancel", up);
  }
}
