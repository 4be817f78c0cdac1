import { type Extension, type Range, StateEffect } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType } from "@codemirror/view";
import * as Y from "yjs";
import { make } from "../kit/dom";
import type { Person } from "./talk";

const moved = StateEffect.define<null>();

/** A selection as others get it: both ends relative to characters, so that it moves with the text. */
export function encodeCursor(text: Y.Text, anchor: number, head: number): Uint8Array {
  const [a, h] = [anchor, head].map((n) => Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(text, n)));
  return Uint8Array.of(a.length, ...a, ...h);
}

function decodeCursor(doc: Y.Doc, text: Y.Text, at: Uint8Array): { anchor: number; head: number } | undefined {
  try {
    const ends = [at.slice(1, 1 + at[0]), at.slice(1 + at[0])].map((p) => Y.createAbsolutePositionFromRelativePosition(Y.decodeRelativePosition(p), doc));
    if (ends.some((e) => e?.type !== text)) return undefined;
    return { anchor: ends[0]!.index, head: ends[1]!.index };
  } catch {
    return undefined; // nobody writes there
  }
}

class Caret extends WidgetType {
  constructor(
    private readonly name: string,
    private readonly cord: number,
  ) {
    super();
  }

  override eq(other: Caret) {
    return other.name === this.name && other.cord === this.cord;
  }

  toDOM() {
    const caret = make("span", `caret cord-${this.cord}`);
    caret.setAttribute("aria-hidden", "true");
    caret.append(make("span", "flag", this.name));
    return caret;
  }

  override ignoreEvent() {
    return true;
  }
}

/** The others' cursors, with names. */
export class Cursors {
  private readonly people = new Map<string, Person>();
  private view: EditorView | undefined;

  constructor(
    private readonly doc: Y.Doc,
    private readonly text: Y.Text,
  ) {}

  set(p: Person) {
    this.people.set(p.id, p);
    this.show();
  }

  move(id: string, at: Uint8Array) {
    const p = this.people.get(id);
    if (p) this.set({ ...p, at: at.slice() });
  }

  remove(id: string) {
    this.people.delete(id);
    this.show();
  }

  clear() {
    this.people.clear();
    this.show();
  }

  private show() {
    this.view?.dispatch({ effects: moved.of(null) });
  }

  /** Stands after the extension that brings the text in step. */
  extension(): Extension {
    const cursors = this;
    const plugin = ViewPlugin.fromClass(
      class {
        decorations: DecorationSet;
        constructor(view: EditorView) {
          cursors.view = view;
          this.decorations = cursors.draw(view.state.doc.length);
        }
        update(u: ViewUpdate) {
          if (u.docChanged || u.transactions.some((t) => t.effects.some((e) => e.is(moved)))) this.decorations = cursors.draw(u.state.doc.length);
        }
      },
      { decorations: (v) => v.decorations },
    );
    return [plugin, look];
  }

  private draw(length: number): DecorationSet {
    const marks: Range<Decoration>[] = [];
    for (const p of this.people.values()) {
      const c = p.at?.length ? decodeCursor(this.doc, this.text, p.at) : undefined;
      if (!c) continue;
      const [anchor, head] = [c.anchor, c.head].map((n) => Math.min(n, length));
      if (anchor !== head) marks.push(Decoration.mark({ class: `range cord-${p.cord}` }).range(Math.min(anchor, head), Math.max(anchor, head)));
      marks.push(Decoration.widget({ widget: new Caret(p.name, p.cord), side: -1 }).range(head));
    }
    return Decoration.set(marks, true);
  }
}

const cords = [1, 2, 3, 4].map((n) => `var(--cord-${n})`);

/** Within the shadow root the page's classes do not hold. */
const look = EditorView.theme({
  ".caret": { position: "relative", borderLeft: "2px solid", marginLeft: "-1px", marginRight: "-1px", userSelect: "none" },
  ".flag": {
    position: "absolute",
    left: "-2px",
    bottom: "100%",
    padding: "0 5px",
    font: "13px/18px var(--sans)",
    color: "var(--panel)",
    borderRadius: "4px 4px 4px 0",
    whiteSpace: "nowrap",
    maxWidth: "160px",
    overflow: "hidden",
    textOverflow: "ellipsis",
    pointerEvents: "none",
    zIndex: "1",
  },
  ...Object.fromEntries(
    cords.flatMap((colour, i) => [
      [`.caret.cord-${i + 1}`, { borderColor: colour }],
      [`.caret.cord-${i + 1} .flag`, { backgroundColor: colour }],
      [`.range.cord-${i + 1}`, { backgroundColor: `color-mix(in srgb, ${colour} 28%, transparent)` }],
    ]),
  ),
});
