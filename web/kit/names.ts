const first = ["Amber", "Brisk", "Calm", "Dapper", "Eager", "Fleet", "Gentle", "Hazel", "Jolly", "Keen", "Lucid", "Merry", "Nimble", "Quiet", "Rapid", "Sunny"];
const last = ["Badger", "Crane", "Dove", "Finch", "Gull", "Heron", "Ibis", "Jay", "Kite", "Lark", "Magpie", "Otter", "Plover", "Robin", "Swift", "Wren"];

const pick = (from: string[]) => from[Math.floor(Math.random() * from.length)];

/** A name for somebody who has not chosen one, kept for the tab. Each pane has its own. */
export function suggestedName(pane = 1): string {
  return sessionStorage.getItem(key(pane)) ?? keepName(`${pick(first)} ${pick(last)}`, pane);
}

export function keepName(name: string, pane = 1): string {
  sessionStorage.setItem(key(pane), name);
  return name;
}

const key = (pane: number) => (pane === 1 ? "name" : `name-${pane}`);

/** The class of one of the four cord colours, the same for the same name: "cord-1" to "cord-4". */
export function cordOf(name: string): string {
  let sum = 0;
  for (const c of name) sum = (sum * 31 + c.codePointAt(0)!) >>> 0;
  return `cord-${(sum % 4) + 1}`;
}
