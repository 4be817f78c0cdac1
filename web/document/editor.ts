import { defaultKeymap } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import { Copy, type CopyOptions } from "./copy";
import { Cursors, encodeCursor } from "./cursors";

const maxText = 50_000; // characters
const maxInsert = 15_000; // at once: it must fit into one update

export interface EditorOptions extends CopyOptions {
  /** Where we write now, for the others. */
  at: (cursor: Uint8Array) => void;
  refused: (why: string) => void;
}

/** The document with its editor. This module is loaded when it is needed. */
export class Editor {
  readonly copy: Copy;
  readonly cursors: Cursors;
  private readonly view: EditorView;
  private warned = false;

  constructor(host: HTMLElement, private readonly o: EditorOptions) {
    this.copy = new Copy(o);
    this.cursors = new Cursors(this.copy.doc, this.copy.text);
    this.view = new EditorView({
      // In a shadow root the editor's styles need no <style>, which the page's policy forbids.
      parent: host.attachShadow({ mode: "open" }),
      doc: this.copy.text.toString(),
      extensions: [
        keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "The shared text", spellcheck: "true" }),
        placeholder("Write something. Everybody who is here sees it."),
        EditorState.transactionFilter.of((tr) => (tr.docChanged && tr.isUserEvent("input") && this.tooMuch(tr.newDoc.length, tr.startState.doc.length) ? [] : tr)),
        yCollab(this.copy.text, null),
        this.cursors.extension(),
        EditorView.updateListener.of((u) => {
          if (u.selectionSet) this.tellCursor();
          if (u.docChanged && this.warned) this.warn("");
        }),
        look,
      ],
    });
  }

  close() {
    this.view.destroy();
    this.copy.close();
  }

  focus() {
    this.view.focus();
  }

  tellCursor() {
    const { anchor, head } = this.view.state.selection.main;
    this.o.at(encodeCursor(this.copy.text, anchor, head));
  }

  private warn(why: string) {
    this.warned = why !== "";
    this.o.refused(why);
  }

  private tooMuch(after: number, before: number): boolean {
    if (after - before > maxInsert) this.warn(`At most ${maxInsert.toLocaleString("en")} characters can be put in at once.`);
    else if (after > maxText && after > before) this.warn(`The text has at most ${maxText.toLocaleString("en")} characters. Delete some first.`);
    else return false;
    return true;
  }
}

const look = EditorView.theme({
  "&": { height: "100%", font: "16px/1.6 var(--sans)", color: "var(--ink)" },
  "&.cm-focused": { outline: "2px solid var(--brass)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "inherit", overflow: "auto" },
  ".cm-content": { padding: "24px 12px 12px", caretColor: "var(--brass)", minHeight: "100%" },
  ".cm-line": { padding: "0 2px" },
  ".cm-placeholder": { color: "var(--ink-2)" },
});
