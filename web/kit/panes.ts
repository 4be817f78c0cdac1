import { Cord } from "./cord";
import { button, make } from "./dom";
import { here } from "./here";
import type { Line } from "./line";
import { suggestedName } from "./names";

/** One of the (at most two) clients of a page. */
export interface Pane {
  readonly index: 1 | 2;
  readonly second: boolean;
  readonly root: HTMLElement;
  /** A name to begin with. */
  readonly name: string;
  /** Finds an element of this pane by its id in the template. */
  el<T extends Element = HTMLElement>(id: string): T;
  /** For lines: shows the state at the pane's end of the cord. */
  attach(line: Line): void;
  plug(in_: boolean): void;
  /** For lines: a message goes out or comes in. */
  pulse(way: "in" | "out"): void;
}

/** What a page makes of a pane. If it has close(), that ends what is not a line: lines are stopped by the kit. */
export type Client = object & { close?: unknown };

/** Two-pane mode: the patch strip with its cord and saboteurs, and one or two copies of the template. */
export function panes(stage: HTMLElement, template: HTMLTemplateElement, open: (pane: Pane) => Client): Pane {
  const strip = make("section", "patch");
  strip.setAttribute("aria-label", "Lines of this page");
  const bench = make("div", "bench");
  const cord = new Cord();
  const ends = [1, 2].map((i) => new End(i as 1 | 2, cord));
  const second = button("Open a second client", () => (two ? shut() : openSecond()), "small");
  let two: OnePane | undefined;

  const add = (i: 1 | 2) => {
    const pane = new OnePane(i, template, ends[i - 1], cord);
    bench.append(pane.root);
    pane.client = open(pane);
    return pane;
  };
  const openSecond = () => {
    two = add(2);
    bench.dataset.panes = "2";
    ends[1].root.hidden = false;
    second.textContent = "Close the second";
    cord.second(true);
    void whyOneName(strip);
  };
  const shut = () => {
    two?.close();
    two = undefined;
    delete bench.dataset.panes;
    ends[1].root.hidden = true;
    second.textContent = "Open a second client";
    cord.second(false);
  };

  const right = make("div", "right");
  ends[1].root.hidden = true;
  right.append(ends[1].root, second);
  strip.append(ends[0].root, cord.root, right);
  stage.append(strip, bench);
  return add(1);
}

/** Where the server has one name only, both clients share six connections. */
async function whyOneName(strip: HTMLElement) {
  if (strip.querySelector(".quiet") || (await here()).twoNames) return;
  strip.append(make("p", "quiet", "Both clients share this server's one name, for which a browser opens six connections. That is enough for these two."));
}

/** A pane's end of the cord: its saboteur. */
class End {
  readonly root = make("div", "end");
  private lines: Line[] = [];
  private readonly cutter = button("", () => this.turn(), "small");

  constructor(
    private readonly index: 1 | 2,
    private readonly cord: Cord,
  ) {
    this.root.append(this.cutter);
    this.label();
  }

  attach(lines: Line[]) {
    this.lines = lines;
    this.label();
  }

  private turn() {
    if (this.isCut) for (const line of this.lines) line.mend();
    else {
      for (const line of this.lines) line.cut();
      this.cord.plug(this.index, false);
    }
    this.label();
  }

  private get isCut() {
    return this.lines.some((line) => line.saboteur.isCut);
  }

  private label() {
    this.cutter.textContent = this.isCut ? "Plug in again" : "Cut the line";
    this.cutter.classList.toggle("wanted", this.isCut);
    this.cutter.setAttribute("aria-label", `${this.cutter.textContent} of client ${this.index}`);
  }
}

class OnePane implements Pane {
  readonly root: HTMLElement;
  readonly name: string;
  readonly second: boolean;
  client: Client = {};
  private readonly lines: Line[] = [];

  constructor(
    readonly index: 1 | 2,
    template: HTMLTemplateElement,
    private readonly end: End,
    private readonly cord: Cord,
  ) {
    this.second = index === 2;
    this.name = suggestedName(index);
    this.root = make("section", "pane");
    this.root.setAttribute("aria-label", this.second ? "Second client" : "First client");
    this.root.append(template.content.cloneNode(true));
    if (this.second) this.renameIds();
  }

  el<T extends Element = HTMLElement>(id: string): T {
    const found = this.root.querySelector(`#${this.own(id)}`);
    if (!found) throw new Error(`no element "${id}" in the template`);
    return found as T;
  }

  attach(line: Line) {
    this.lines.push(line);
    this.end.attach(this.lines);
  }

  plug(in_: boolean) {
    this.cord.plug(this.index, in_);
  }

  pulse(way: "in" | "out") {
    this.cord.pulse(this.index, way);
  }

  close() {
    if (typeof this.client.close === "function") this.client.close();
    for (const line of this.lines) void line.stop();
    this.end.attach([]);
    this.root.remove();
  }

  private own(id: string) {
    return this.second ? `${id}-2` : id;
  }

  /** Ids must be unique in a page: those of the second pane end in -2, and so does what points to them. */
  private renameIds() {
    const ids = new Set([...this.root.querySelectorAll("[id]")].map((e) => e.id));
    for (const e of this.root.querySelectorAll("*"))
      for (const name of ["id", "for", "list", "aria-labelledby", "aria-describedby", "aria-controls"]) {
        const value = e.getAttribute(name);
        if (value) e.setAttribute(name, value.split(" ").map((id) => (ids.has(id) ? this.own(id) : id)).join(" "));
      }
    for (const e of this.root.querySelectorAll("[autofocus]")) e.removeAttribute("autofocus");
  }
}
