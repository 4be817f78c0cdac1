import { make, paced } from "../kit/dom";
import type { Line } from "../kit/line";
import { keepName, suggestedName } from "../kit/names";
import type { Pane } from "../kit/panes";
import { explain } from "../kit/patience";
import { Controls } from "./controls";
import { Others } from "./others";
import { Prediction } from "./predict";
import type { Frame } from "./row";
import { cordOfPlayer, Stage } from "./stage";
import { ticks } from "./step";
import { arena, type Ears, type Listed, secret, type Welcome } from "./wire";

const step = 1000 / ticks; // ms
const mostPlayers = 24;
const mostSteps = 5; // to catch up with after a stall

/** One client of the game in its pane. */
export class Game implements Ears {
  private readonly stage: Stage;
  private readonly controls: Controls;
  private readonly others = new Others();
  private readonly me = new Prediction();
  private readonly line: Line;
  private readonly name = this.pane.el<HTMLInputElement>("name");
  private readonly predict = this.pane.el<HTMLInputElement>("predict");
  private readonly smooth = this.pane.el<HTMLInputElement>("smooth");
  private you = 0;
  private seq = 0;
  private playing = false;
  private delay = 0; // ms there and back that this page pretends
  private who = new Map<number, Listed>();
  private sparks: [number, number][] = [];
  private winner = 0;
  private last = performance.now(); // when the last step was made
  private frame = 0;
  private heard: number[] = []; // when the last ticks came
  private answers: number[] = []; // ms, of the last second or so

  constructor(private readonly pane: Pane) {
    const floor = pane.el<HTMLCanvasElement>("floor");
    this.stage = new Stage(pane.el("stage"), floor);
    this.controls = new Controls(floor, pane.el("dash"));
    this.name.value = pane.name;
    this.line = arena(pane, this);
    this.listen();
    if (!pane.second && document.activeElement === document.body) floor.focus({ preventScroll: true });
  }

  close() {
    this.playing = false;
    cancelAnimationFrame(this.frame);
  }

  // ---- what is heard -------------------------------------------------------

  /** Goes on the floor: after a break as the same player, with the same sparks. */
  async enter() {
    try {
      const w = await this.line.invoke<Welcome>("Enter", secret(this.pane.index), this.name.value);
      this.you = w.you;
      this.seq = Math.max(this.seq, w.seq);
      this.sparks = w.sparks;
      this.roster(w.roster);
      this.tell(w.you ? "" : "The floor is full: 24 people play. You watch; you play as soon as there is a place.");
      if (!this.playing) this.begin();
    } catch (error) {
      this.veil(explain(error, "The game did not let you in. It is tried again when the line is back."));
    }
  }

  leave() {
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.others.forget();
    this.me.forget();
    this.heard = [];
    this.answers = [];
    this.figures();
    this.veil("Line cut. Your player waits for 15 s.");
  }

  tick(f: Frame) {
    if (this.delay) setTimeout(() => this.take(f), this.delay / 2);
    else this.take(f);
  }

  roster = (all: Listed[]) => {
    this.who = new Map(all.map((p) => [p.n, p]));
    this.stage.roster(all);
    this.scores();
    if (!this.you && this.playing && all.length < mostPlayers) this.enterLater();
  };

  /** A watcher takes a place that has become free. */
  private readonly enterLater = paced(3000, () => {
    if (!this.you && this.line.up) void this.enter();
  });

  private take(f: Frame) {
    if (!this.playing) return;
    this.others.add(f);
    if (f.sparks) this.sparks = f.sparks;
    const mine = f.players.find((row) => row[0] === this.you);
    const took = mine ? this.me.correct(mine) : 0;
    if (took) this.answers.push(took);
    if (this.answers.length > ticks) this.answers.shift();
    this.heard.push(performance.now());
    this.tellThefts(f);
    if (f.winner !== this.winner) this.tellWinner(f);
    this.scores();
    this.figures();
  }

  // ---- the page's own loop -------------------------------------------------

  private begin() {
    this.playing = true;
    this.veil("");
    this.last = performance.now();
    this.frame = requestAnimationFrame(this.paint);
  }

  private readonly paint = (now: number) => {
    if (!this.playing) return;
    this.frame = requestAnimationFrame(this.paint);
    if (now - this.last > mostSteps * step) this.last = now - step; // the page was asleep
    for (; now - this.last >= step; this.last += step) this.steer();
    const players = this.others.seen(this.smooth.checked);
    const mine = players.find((p) => p.n === this.you);
    const at = this.predict.checked ? this.me.shown((now - this.last) / step) : undefined;
    if (mine && at) Object.assign(mine, at, { cool: this.me.body?.cool ?? mine.cool, dash: this.me.body?.dash ?? mine.dash });
    this.stage.draw({ you: this.you, players, sparks: this.sparks, stick: this.controls.stick, banner: this.winner ? this.verdict() : "" });
  };

  /** Says what we want in this tick, and does it at once for the eye. */
  private steer() {
    if (!this.you) return;
    const s = { seq: ++this.seq, ...this.controls.take() };
    this.me.steer(s);
    if (this.delay) setTimeout(() => this.send(s), this.delay / 2);
    else this.send(s);
  }

  private send(s: object) {
    if (this.line.up) void this.line.send("Steer", s).catch(() => {}); // a cut line tells of itself
  }

  // ---- what is shown -------------------------------------------------------

  private readonly scores = paced(500, () => {
    const rows = (this.others.last?.players ?? []).map((row) => ({ n: row[0], score: row[5] })).sort((a, b) => b.score - a.score || a.n - b.n);
    this.pane.el("scores").replaceChildren(...rows.slice(0, 8).map(({ n, score }) => {
      const who = this.who.get(n);
      const item = make("li");
      const name = make("span", `who ${cordOfPlayer(n)}`, n === this.you ? "You" : (who?.name ?? ""));
      if (who?.bot) name.append(make("span", "quiet", " bot"));
      item.append(name, make("span", "mono", String(score)));
      return item;
    }));
  });

  private readonly figures = paced(500, () => {
    const since = performance.now() - 1000;
    this.heard = this.heard.filter((at) => at > since);
    this.pane.el("pace").textContent = this.heard.length ? String(this.heard.length) : "–";
    const sorted = [...this.answers].sort((a, b) => a - b);
    this.pane.el("answer").textContent = sorted.length ? String(Math.round(sorted[sorted.length >> 1])) : "–";
  });

  private tellThefts(f: Frame) {
    for (const [thief, victim, n] of f.thefts ?? []) {
      const sparks = n === 1 ? "a spark" : `${n} sparks`;
      if (thief === this.you) this.news(`You took ${sparks} from ${this.nameOf(victim)}.`);
      if (victim === this.you) this.news(`${this.nameOf(thief)} took ${sparks} from you.`);
    }
  }

  private tellWinner(f: Frame) {
    this.winner = f.winner;
    this.news(f.winner ? `${this.verdict()} The next one begins in 5 s.` : "A new round: go!");
  }

  private verdict() {
    return this.winner === this.you ? "You win this round!" : `${this.nameOf(this.winner)} wins this round.`;
  }

  private nameOf(n: number) {
    return this.who.get(n)?.name ?? "Somebody";
  }

  private news(text: string) {
    this.pane.el("news").textContent = text;
  }

  private tell(text: string) {
    this.pane.el("problem").textContent = text;
  }

  private veil(text: string) {
    const veil = this.pane.el("veil");
    veil.textContent = text;
    veil.hidden = !text;
  }

  private listen() {
    const { name, pane } = this;
    name.addEventListener("change", () => {
      name.value = name.value.trim() || suggestedName(pane.index);
      keepName(name.value, pane.index);
      if (this.line.up) void this.enter();
    });
    name.addEventListener("keydown", (e) => e.key === "Enter" && name.blur());
    const delay = pane.el<HTMLSelectElement>("delay");
    delay.addEventListener("change", () => (this.delay = Number(delay.value)));
  }
}
