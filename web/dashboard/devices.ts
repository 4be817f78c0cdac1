import { make } from "../kit/dom";
import type { Device } from "./watch";

const stale = 5000; // ms without a reading

/** The devices as small plates; each keeps its place while it is there. */
export class Devices {
  private readonly plates = new Map<number, { root: HTMLElement; value: HTMLElement }>();

  constructor(
    private readonly root: HTMLElement,
    private readonly empty: HTMLElement,
  ) {}

  show(list: Device[], now: number) {
    const there = new Set(list.map((d) => d.id));
    for (const [id, plate] of this.plates)
      if (!there.has(id)) {
        plate.root.remove();
        this.plates.delete(id);
      }
    for (const d of list) this.showOne(d, now);
    this.empty.hidden = list.length > 0;
  }

  private showOne(d: Device, now: number) {
    const plate = this.plates.get(d.id) ?? this.add(d);
    const value = d.at ? figure(d.value) : "–";
    if (plate.value.textContent !== value) plate.value.textContent = value;
    plate.root.classList.toggle("stale", now - d.at > stale);
  }

  private add(d: Device) {
    const root = make("li");
    const value = make("span", "value mono", "–");
    const figures = make("span", "figures");
    figures.append(value, " ", d.unit);
    root.append(make("span", "name", d.name), figures);
    const plate = { root, value };
    this.plates.set(d.id, plate);
    this.root.append(root);
    return plate;
  }
}

const figure = (n: number) => (Math.abs(n) < 1e7 ? n.toLocaleString("en", { maximumFractionDigits: Math.abs(n) < 100 ? 2 : 0 }) : n.toExponential(2));
