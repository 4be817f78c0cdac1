import "./base.css";
import { el } from "./dom";
import { fillDrawer, type Part } from "./drawer";
import { phoneButton } from "./phone";
import { themeButton } from "./theme";

/** What every page does first: its tools, and the code drawer if it has one. */
export function startPage(code?: Part[]) {
  el("tools").append(phoneButton(), themeButton());
  if (code) fillDrawer(el("drawer"), code);
}
