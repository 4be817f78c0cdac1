const ns = "http://www.w3.org/2000/svg";

/** Line drawings of what is sold, 32 by 32. */
const drawings: Record<string, string> = {
  phone: "M6 13c0-4 4-6 10-6s10 2 10 6v2h-5v-3H11v3H6z M11 12l-5 14h20l-5-14 M16 17a3.5 3.5 0 1 0 .01 0",
  cord: "M5 6v7 M3 6h4 M5 13c0 12 10-4 11 6s11 6 11-5 M27 14V7 M25 7h4",
  headset: "M6 19v-3a10 10 0 0 1 20 0v3 M4 18h5v7H6a2 2 0 0 1-2-2z M28 18h-5v7h3a2 2 0 0 0 2-2z M26 25c0 3-4 4-8 4",
  dial: "M16 4a12 12 0 1 0 .01 0 M16 12a4 4 0 1 0 .01 0 M16 6.5v1 M22.5 9l-.7.7 M25.5 16h-1 M22.5 23l-.7-.7 M9.5 9l.7.7 M6.5 16h1 M9.5 23l.7-.7",
  lamp: "M16 4a8 8 0 0 1 5 14l-1 4h-8l-1-4a8 8 0 0 1 5-14 M12 25h8 M13 28h6 M13 14l3 3 3-3",
  plate: "M5 7h22v18H5z M10 12a1.5 1.5 0 1 0 .01 0 M16 12a1.5 1.5 0 1 0 .01 0 M22 12a1.5 1.5 0 1 0 .01 0 M10 18a1.5 1.5 0 1 0 .01 0 M16 18a1.5 1.5 0 1 0 .01 0 M22 18a1.5 1.5 0 1 0 .01 0",
  crank: "M5 10h15v16H5z M20 18h6 M26 18v-9 M23 9h6 M9 14h7 M9 18h7 M9 22h7",
  glass: "M11 27h10 M12 27v-4l-3-2v-4l2-1v-5a5 5 0 0 1 10 0v5l2 1v4l-3 2v4 M9 17h14 M11 11h10",
};

export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(ns, "path");
  path.setAttribute("d", drawings[name] ?? drawings.plate);
  svg.append(path);
  return svg;
}
