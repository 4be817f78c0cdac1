import { calm } from "./dom";

const ns = "http://www.w3.org/2000/svg";
const height = 64;
const travel = 420; // ms that a pulse takes
const most = 6; // pulses under way in each half

const part = <K extends keyof SVGElementTagNameMap>(tag: K, className: string) => {
  const e = document.createElementNS(ns, tag);
  e.setAttribute("class", className);
  return e;
};

/** One half of the cord: from a jack to the exchange in the middle. */
interface Half {
  group: SVGGElement;
  path: SVGPathElement;
  jack: SVGCircleElement;
  plugged: boolean;
  there: boolean;
  flying: number;
}

/** The cord that joins the panes. It carries a pulse for each message and hangs where it is cut. */
export class Cord {
  readonly root = part("svg", "cord");
  private readonly exchange = part("circle", "exchange");
  private readonly halves: Half[];
  private width = 0;

  constructor() {
    this.root.setAttribute("aria-hidden", "true");
    this.halves = [1, 2].map((i) => {
      const group = part("g", `half half-${i}`);
      const half = { group, path: part("path", "wire"), jack: part("circle", "jack"), plugged: false, there: i === 1, flying: 0 };
      group.append(half.path, half.jack);
      this.root.append(group);
      return half;
    });
    this.exchange.setAttribute("r", "7");
    this.root.append(this.exchange);
    new ResizeObserver(([box]) => {
      this.width = box.contentRect.width;
      this.draw();
    }).observe(this.root);
  }

  second(there: boolean) {
    this.halves[1].there = there;
    this.draw();
  }

  plug(pane: 1 | 2, plugged: boolean) {
    if (this.halves[pane - 1].plugged === plugged) return;
    this.halves[pane - 1].plugged = plugged;
    this.draw();
  }

  /** Sends a light along one half: out to the exchange, or in from it. */
  pulse(pane: 1 | 2, way: "in" | "out") {
    const half = this.halves[pane - 1];
    if (!half.plugged || half.flying >= most || document.hidden) return;
    half.flying++;
    const dot = part("circle", "pulse");
    dot.setAttribute("r", "4");
    const length = half.path.getTotalLength();
    const from = performance.now();
    const step = (now: number) => {
      const done = calm.matches ? 1 : Math.min(1, (now - from) / travel);
      const { x, y } = half.path.getPointAtLength(length * (way === "out" ? done : 1 - done));
      dot.setAttribute("cx", String(x));
      dot.setAttribute("cy", String(y));
      if (done < 1) return void requestAnimationFrame(step);
      setTimeout(() => {
        dot.remove();
        half.flying--;
      }, calm.matches ? 200 : 0);
    };
    step(from);
    half.group.append(dot); // at its place: without one it would be in the corner for a frame
  }

  private draw() {
    const w = this.width;
    if (!w) return;
    this.root.setAttribute("viewBox", `0 0 ${w} ${height}`);
    const mid = w / 2;
    set(this.exchange, mid, 20);
    this.halves.forEach((half, i) => {
      const x = i === 0 ? 10 : w - 10;
      set(half.jack, x, 20);
      half.jack.setAttribute("r", "8");
      const inward = i === 0 ? 1 : -1;
      // Plugged: it sags from jack to exchange. Cut: it hangs from the exchange.
      const wire = half.plugged
        ? `M ${x} 20 C ${x + (inward * w) / 8} 64, ${mid - (inward * w) / 8} 64, ${mid} 20`
        : `M ${mid - inward * 26} 60 C ${mid - inward * 30} 46, ${mid - inward * 24} 22, ${mid} 20`;
      half.path.setAttribute("d", wire);
      half.path.style.setProperty("d", `path("${wire}")`);
      half.group.classList.toggle("plugged", half.plugged);
      half.group.classList.toggle("absent", !half.there);
    });
  }
}

function set(circle: SVGCircleElement, x: number, y: number) {
  circle.setAttribute("cx", String(x));
  circle.setAttribute("cy", String(y));
}
