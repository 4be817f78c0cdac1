// Before the first paint: the look that was chosen, else the system's. Pages
// ask for another one with the event "theme"; kit/page.ts has the button.
(() => {
  const system = matchMedia("(prefers-color-scheme: light)");
  const show = () => {
    document.documentElement.dataset.theme = localStorage.getItem("theme") ?? (system.matches ? "light" : "dark");
    dispatchEvent(new Event("themechange"));
  };
  system.addEventListener("change", show);
  addEventListener("theme", show);
  show();
})();
