import type { Pane } from "../kit/panes";
import type { Question } from "./talk";

/** The card on which an agent says yes or no, in time. */
export class Offer {
  private answer: ((yes: boolean) => void) | undefined;
  private asked: Question | undefined;
  private timer = 0;

  constructor(private readonly pane: Pane) {
    pane.el("accept").addEventListener("click", () => this.settle(true));
    pane.el("decline").addEventListener("click", () => this.settle(false));
  }

  /** Shows the question; what it returns is the answer. */
  show(q: Question): Promise<boolean> {
    this.settle(false);
    this.asked = q;
    this.pane.el("offer-who").textContent = q.from ? `${q.from} hands over ${q.customer}` : `${q.customer} needs help`;
    this.pane.el("offer-text").textContent = q.text;
    this.pane.el("offer").hidden = false;
    const due = Date.now() + q.seconds * 1000;
    const tick = () => {
      const left = Math.ceil((due - Date.now()) / 1000);
      this.pane.el("offer-left").textContent = `${left} s left`;
      if (left <= 0) this.settle(false);
    };
    tick();
    this.timer = window.setInterval(tick, 250);
    return new Promise((done) => (this.answer = done));
  }

  /** Takes the card away if it is about this case. */
  withdraw(id: number) {
    if (this.asked?.case === id) this.settle(false);
  }

  settle(yes: boolean) {
    clearInterval(this.timer);
    this.pane.el("offer").hidden = true;
    this.asked = undefined;
    this.answer?.(yes);
    this.answer = undefined;
  }
}
