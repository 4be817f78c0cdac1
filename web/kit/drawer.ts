import { make } from "./dom";

export interface Part {
  language: string;
  file: string;
  code: string;
}

/** Fills a drawer with the essential lines of both sides. */
export function fillDrawer(root: HTMLElement, parts: Part[]) {
  const details = make("details", "drawer");
  details.append(make("summary", "", "The essential lines, Go and TypeScript"));
  const sources = make("div", "sources");
  for (const part of parts) {
    const figure = make("figure");
    const caption = make("figcaption", "", `${part.language} · ${part.file}`);
    const copy = make("button", "", "Copy");
    copy.type = "button";
    copy.setAttribute("aria-label", `Copy the ${part.language} lines`);
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(part.code);
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = "Copy"), 1500);
    });
    caption.append(copy);
    const pre = make("pre");
    pre.tabIndex = 0;
    pre.append(make("code", "", part.code));
    figure.append(caption, pre);
    sources.append(figure);
  }
  details.append(sources);
  root.append(details);
}
