import { button, make } from "./dom";

/** How a connection is, in the words that people see. */
export type State = "closed" | "connecting" | "waiting" | "connected" | "refused";

/**
 * The lamp shows a connection's state: off, amber while it connects or waits
 * for the next attempt, green when it is up, red when it was refused.
 */
export class Lamp {
  private readonly text = make("span", "text");
  private readonly figures = make("span", "figures mono");
  private readonly now: HTMLButtonElement;
  private timer = 0;

  constructor(
    private readonly root: HTMLElement,
    onTry: () => void,
  ) {
    root.classList.add("lamp");
    const words = make("span");
    words.setAttribute("role", "status");
    words.setAttribute("aria-live", "assertive");
    words.append(this.text);
    this.now = button("Try now", onTry, "small");
    const bulb = make("span", "bulb");
    bulb.setAttribute("aria-hidden", "true");
    root.replaceChildren(bulb, words, this.figures, this.now);
    this.show("closed", "Not connected");
  }

  show(state: State, text: string, figures = "") {
    clearInterval(this.timer);
    this.root.dataset.state = state;
    if (this.text.textContent !== text) this.text.textContent = text; // or screen readers hear it again
    this.figures.textContent = figures;
    this.now.hidden = state !== "waiting";
  }

  figure(text: string) {
    this.figures.textContent = text;
  }

  /** Counts the seconds to the next attempt down. Screen readers hear only the beginning. */
  wait(why: string, ms: number) {
    const due = Date.now() + ms;
    this.show("waiting", `${why} Trying again`);
    const tick = () => {
      const left = Math.ceil((due - Date.now()) / 1000);
      this.figure(left > 0 ? `in ${left} s` : "now…");
    };
    tick();
    this.timer = window.setInterval(tick, 250);
  }
}
