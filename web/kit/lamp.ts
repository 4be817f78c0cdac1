import { make } from "./dom";

/** How a connection is, in the words that people see. */
export type State = "closed" | "connecting" | "waiting" | "connected" | "refused";

/**
 * The lamp shows a connection's state: off, amber while it connects or waits
 * for the next attempt, green when it is up, red when it was refused.
 */
export class Lamp {
  private readonly text = make("span", "text");
  private readonly figures = make("span", "figures mono");
  private readonly now = make("button", "hidden", "Try now");
  private timer = 0;

  constructor(
    private readonly root: HTMLElement,
    onTry: () => void,
  ) {
    root.classList.add("lamp");
    const words = make("span");
    words.setAttribute("role", "status");
    words.append(this.text);
    root.append(make("span", "bulb"), words, this.figures, this.now);
    this.now.type = "button";
    this.now.addEventListener("click", onTry);
    this.show("closed", "Not connected");
  }

  show(state: State, text: string, figures = "") {
    clearInterval(this.timer);
    this.root.dataset.state = state;
    this.text.textContent = text;
    this.figures.textContent = figures;
    this.now.classList.toggle("hidden", state !== "waiting");
  }

  figure(text: string) {
    this.figures.textContent = text;
  }

  /** Counts the seconds to the next attempt down. Screen readers hear only the beginning. */
  wait(why: string, ms: number) {
    const due = Date.now() + ms;
    const left = () => Math.max(0, Math.ceil((due - Date.now()) / 1000));
    this.show("waiting", `${why} Trying again soon.`);
    const tick = () => this.figure(`in ${left()} s`);
    tick();
    this.timer = window.setInterval(tick, 250);
  }
}
