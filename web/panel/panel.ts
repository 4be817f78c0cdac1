import demos from "virtual:demos";
import { el, make, paced } from "../kit/dom";
import { connect } from "../kit/line";
import { startPage } from "../kit/page";
import "./panel.css";

interface Jack {
  people: number;
  rate: number;
}

interface View {
  lines: number;
  rate: number;
  slow: number;
  demos: Record<string, Jack>;
}

/** A plate: its lamp is dim when idle, steady with people, and flickers with messages at their rate. */
class Plate {
  readonly root = make("li");
  private readonly link = make("a", "plate jack");
  private readonly figure = make("span", "figure mono");

  constructor(readonly name: string, title: string, sentence: string) {
    this.link.href = `/${name}/`;
    const socket = make("span", "socket");
    socket.setAttribute("aria-hidden", "true");
    socket.append(make("span", "glow"));
    this.link.append(socket, make("h2", "", title), this.figure, make("p", "", sentence));
    this.root.append(this.link);
    this.show();
  }

  show(jack?: Jack) {
    this.link.dataset.glow = !jack ? "off" : jack.rate > 0 ? "busy" : jack.people > 0 ? "here" : "idle";
    if (jack) this.link.style.setProperty("--beat", `${1 / beats(jack.rate)}s`);
    this.figure.textContent = jack ? words(jack) : "";
  }
}

/** How often a lamp may flicker in a second: the true rate in few steps, so that it stands, and capped for eyes. */
const beats = (rate: number) => [0.5, 1, 2, 3].find((step) => rate <= step) ?? 3;

const words = ({ people, rate }: Jack) =>
  people === 0 && rate === 0 ? "nobody here" : `${people} ${people === 1 ? "line" : "lines"}${rate > 0 ? ` · ${rate} /s` : ""}`;

const plates = demos.map((d) => new Plate(d.name, d.title, d.sentence));
el("panel").append(...plates.map((p) => p.root));

const show = paced(250, (view?: View) => {
  el("lines").textContent = view ? String(view.lines) : "–";
  el("rate").textContent = view ? String(view.rate) : "–";
  el("slow").textContent = view?.slow ? String(view.slow) : "–";
  el("slow-unit").hidden = !view?.slow;
  for (const plate of plates) plate.show(view?.demos[plate.name]);
});

const line = connect("/galleryHub", {
  lamp: el("lamp"),
  up: () => line.stream<View>("Figures").subscribe({ next: show, error: () => {}, complete: () => {} }),
  down: () => show(),
});
startPage();
