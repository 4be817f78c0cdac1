import { button } from "./dom";

/** A token's colour now, for canvas and charts: token("--cord-1"). */
export const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Calls f whenever the look changes between light and dark. */
export const onTheme = (f: () => void) => addEventListener("themechange", f);

/** The button that switches the look, and remembers it. */
export function themeButton(): HTMLButtonElement {
  const b = button("", () => {
    localStorage.setItem("theme", next());
    dispatchEvent(new Event("theme"));
  });
  const next = () => (document.documentElement.dataset.theme === "light" ? "dark" : "light");
  const show = () => {
    b.textContent = next() === "light" ? "Light" : "Dark";
    b.setAttribute("aria-label", `${b.textContent}: change the look`);
  };
  onTheme(show);
  show();
  return b;
}
