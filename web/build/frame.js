// What all pages have around their own part.
const escape = (s) => s.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='5.5' fill='%2314181a' stroke='%23d6a84f' stroke-width='3'/%3E%3C/svg%3E";

const head = ({ title, sentence }) => `<meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="description" content="${escape(sentence)}" />
    <title>${title ? `${escape(title)} · ` : ""}Switchboard</title>
    <link rel="icon" href="${icon}" />
    <script src="/theme.js"></script>`;

const top = ({ title, lead }) => `<a class="skip" href="#main">Skip to the page</a>
    <header class="top">
      ${title ? `<a class="brand" href="/">Switchboard</a>\n      <h1>${escape(title)}</h1>` : `<h1 class="brand">Switchboard</h1>`}
      <div class="tools" id="tools"></div>
      <p class="lead">${lead}</p>
    </header>`;

const end = `<div id="drawer"></div>
    <div id="toasts" role="status" aria-live="polite"></div>`;

/** Fills the places <!-- kit: head -->, <!-- kit: top --> and <!-- kit: end --> of a page. */
export function frame(html, demo) {
  for (const [place, text] of [["head", head(demo)], ["top", top(demo)], ["end", end]]) {
    const mark = `<!-- kit: ${place} -->`;
    if (!html.includes(mark)) throw new Error(`the page has no ${mark}`);
    html = html.replace(mark, () => text);
  }
  return html;
}
