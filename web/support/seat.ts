import type { Line } from "../kit/line";
import { keepName, suggestedName } from "../kit/names";
import type { Pane } from "../kit/panes";
import { explain } from "../kit/patience";
import { toast } from "../kit/toast";
import { Desk } from "./board";
import { Cases, transcript } from "./cases";
import { Log } from "./log";
import { Offer } from "./offer";
import { type Board, type Case, type Ears, type Entry, type Place, type Question, type Role, type Snapshot, talk } from "./talk";

/** A seat at the desk, on either side of it. */
export class Seat implements Ears {
  private readonly cases = new Cases();
  private readonly log = new Log(this.pane.el("log"));
  private readonly offer = new Offer(this.pane);
  private readonly name = this.pane.el<HTMLInputElement>("name");
  private readonly text = this.pane.el<HTMLTextAreaElement>("text");
  private readonly problem = this.pane.el("problem");
  private readonly line: Line;
  private readonly desk: Desk;
  private role: Role;
  private no = 0;
  private duty = false; // what this page wants
  private where: Place | undefined;
  private held: (() => void)[] | undefined; // events that came while entering
  private sending = false;

  constructor(private readonly pane: Pane) {
    this.name.value = pane.name;
    this.role = (sessionStorage.getItem(`support-role-${pane.index}`) as Role | null) ?? (pane.second ? "agent" : "customer");
    this.line = talk(pane, this);
    this.desk = new Desk(pane, {
      take: (id) => void this.do("Take", id),
      select: (id) => this.select(id),
      no: () => this.no,
      cases: this.cases,
      up: () => this.line.up,
      duty: () => this.duty,
    });
    this.listen();
    this.show();
  }

  close() {
    this.desk.close();
    this.offer.settle(false);
  }

  // ---- what is heard -------------------------------------------------------

  /** Takes the seat, or the one it had before the line was cut. */
  async enter() {
    this.held = [];
    try {
      const name = this.name.value;
      const s = await this.line.invoke<Snapshot>("Enter", this.role, name, this.key());
      this.no = s.no;
      if (this.name.value === name) this.name.value = s.name; // unless somebody types in it
      this.cases.take(s.cases, this.role === "customer");
      this.problem.textContent = "";
      if (this.role === "agent" && this.duty !== s.duty) await this.line.invoke("Duty", this.duty);
    } catch (error) {
      this.problem.textContent = explain(error);
    }
    const held = this.held ?? [];
    this.held = undefined;
    for (const event of held) event();
    this.show();
  }

  leave() {
    this.offer.settle(false);
    this.where = undefined;
    this.show();
  }

  accept = (q: Question) => this.offer.show(q);
  withdrawn = (id: number) => this.offer.withdraw(id);
  entry = (e: Entry) => this.later(() => this.cases.note(e));
  opened = (c: Case) => this.later(() => this.cases.add(c));
  gone = (id: number) => this.later(() => this.cases.remove(id));
  board = (b: Board) => this.desk.news(b);
  place = (p: Place) => this.later(() => (this.where = p));
  replaced = () => toast("This seat was taken in another tab.", "problem");

  private later(event: () => void) {
    if (this.held) this.held.push(event);
    else {
      event();
      this.show();
    }
  }

  // ---- what is shown -------------------------------------------------------

  private show() {
    const helps = this.role === "agent";
    this.pane.el("desk").dataset.role = this.role;
    this.pane.el("agents-side").hidden = !helps;
    this.pane.el<HTMLInputElement>("ask").checked = !helps;
    this.pane.el<HTMLInputElement>("help").checked = helps;
    const duty = this.pane.el("duty");
    duty.textContent = this.duty ? "Go off duty" : "Go on duty";
    duty.setAttribute("aria-pressed", String(this.duty));
    duty.classList.toggle("main", !this.duty);
    this.showTalk();
    this.showStanding();
    this.desk.show();
  }

  private showTalk() {
    const c = this.cases.current;
    const helps = this.role === "agent";
    const live = c !== undefined && c.state !== "closed";
    this.pane.el("title").textContent = c ? `Case ${c.case}${helps ? `: ${c.customer}` : ""}` : helps ? "No case" : "Your question";
    this.pane.el("save").hidden = !c;
    this.pane.el("empty").hidden = !!c;
    this.pane.el("empty").textContent = helps ? "Your cases are shown here." : "Write what you need. An agent will be asked to take it.";
    this.pane.el("form").hidden = helps && !live;
    this.pane.el("label").textContent = live ? "Message" : c ? "Ask something else" : "What can we help with?";
    this.pane.el("send").textContent = live ? "Send" : "Ask";
    this.pane.el("acts").hidden = !live;
    this.pane.el("hand").hidden = !helps;
    this.log.show(c, this.role);
  }

  private showStanding() {
    const set = (text: string) => {
      const p = this.pane.el("standing");
      if (p.textContent !== text) p.textContent = text; // or screen readers hear it again
    };
    if (this.role === "agent") return set("");
    const c = this.cases.current;
    if (!this.where || !this.line.up) return set("");
    const { place, agents } = this.where;
    const staff = agents === 0 ? "No agent is on duty: open a second client and be one." : agents === 1 ? "One agent is on duty." : `${agents} agents are on duty.`;
    if (c?.state === "open") set("An agent is with you.");
    else if (c?.state === "waiting" && place) set(`You are number ${place} in the queue. ${staff}`);
    else set(staff);
  }

  // ---- what people do ------------------------------------------------------

  private key(): string {
    const where = `support-key-${this.role}-${this.pane.index}`;
    const kept = sessionStorage.getItem(where) ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem(where, kept);
    return kept;
  }

  private select(id: number) {
    this.cases.select(id);
    this.show();
    this.text.focus();
  }

  /** Calls the desk, and shows what it says against it. */
  private async do<T>(method: string, ...args: unknown[]): Promise<T | undefined> {
    try {
      const answer = await this.line.invoke<T>(method, ...args);
      this.problem.textContent = "";
      return answer;
    } catch (error) {
      this.problem.textContent = explain(error);
      return undefined;
    }
  }

  private async send() {
    const text = this.text.value;
    if (!text.trim() || this.sending) return;
    this.sending = true;
    const c = this.cases.current;
    if (c && c.state !== "closed") await this.do("Say", c.case, text);
    else {
      const made = await this.do<Case>("Open", text);
      if (made) this.cases.add(made);
      this.show();
    }
    this.sending = false;
    if (!this.problem.textContent && this.text.value === text) this.text.value = "";
  }

  private change(role: Role) {
    if (role === this.role) return;
    this.role = role;
    sessionStorage.setItem(`support-role-${this.pane.index}`, role);
    this.cases.clear();
    this.offer.settle(false);
    this.duty = false;
    this.where = undefined;
    this.show();
    if (this.line.up) void this.enter();
  }

  private async turnDuty() {
    this.duty = !this.duty;
    this.show();
    if (this.line.up) await this.do("Duty", this.duty); // else on the next connect
  }

  private save() {
    const c = this.cases.current;
    if (!c) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([transcript(c)], { type: "text/plain" }));
    link.download = `case-${c.case}.txt`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  private listen() {
    const { name, text, pane } = this;
    pane.el("ask").addEventListener("change", () => this.change("customer"));
    pane.el("help").addEventListener("change", () => this.change("agent"));
    pane.el("duty").addEventListener("click", () => void this.turnDuty());
    pane.el("save").addEventListener("click", () => this.save());
    pane.el("close").addEventListener("click", () => void this.do("Close", this.cases.selected));
    pane.el("give").addEventListener("click", () => void this.do("HandOver", this.cases.selected, Number(pane.el<HTMLSelectElement>("to").value)));
    name.addEventListener("change", () => {
      name.value = name.value.trim() || suggestedName(pane.index);
      keepName(name.value, pane.index);
      if (this.line.up) void this.enter();
    });
    text.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
        e.preventDefault();
        void this.send();
      }
    });
    pane.el("form").addEventListener("submit", (e) => {
      e.preventDefault();
      void this.send();
    });
  }
}
