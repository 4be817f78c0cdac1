import { button, make } from "./dom";

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
  for (const language of new Set(parts.map((p) => p.language))) {
    const column = make("div", "column");
    column.append(...parts.filter((p) => p.language === language).map(figure));
    sources.append(column);
  }
  details.append(sources);
  root.append(details);
}

function figure(part: Part): HTMLElement {
  const root = make("figure");
  const caption = make("figcaption", "", `${part.language} · ${part.file}`);
  const pre = make("pre");
  pre.tabIndex = 0;
  const code = make("code", "", part.code);
  pre.append(code);
  caption.append(copier(part, code));
  root.append(caption, pre);
  return root;
}

function copier(part: Part, code: HTMLElement): HTMLButtonElement {
  const word = make("span", "", "Copy");
  const copy = button("", async () => {
    word.textContent = (await toClipboard(part.code)) ? "Copied" : "Selected: copy it";
    if (word.textContent !== "Copied") getSelection()?.selectAllChildren(code);
    setTimeout(() => (word.textContent = "Copy"), 2000);
  }, "small");
  copy.append(word, make("span", "unseen", `: the lines of ${part.file}`));
  return copy;
}

/** Browsers lend the clipboard to pages over HTTPS or from this machine only. */
async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
