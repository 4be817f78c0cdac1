const first = ["Amber", "Brisk", "Calm", "Dapper", "Eager", "Fleet", "Gentle", "Hazel", "Jolly", "Keen", "Lucid", "Merry", "Nimble", "Quiet", "Rapid", "Sunny"];
const last = ["Badger", "Crane", "Dove", "Finch", "Gull", "Heron", "Ibis", "Jay", "Kite", "Lark", "Magpie", "Otter", "Plover", "Robin", "Swift", "Wren"];

const pick = (from: string[]) => from[Math.floor(Math.random() * from.length)];

/** A name for somebody who has not chosen one, kept for the tab. */
export function suggestedName(): string {
  const kept = sessionStorage.getItem("name");
  return kept ?? keepName(`${pick(first)} ${pick(last)}`);
}

export function keepName(name: string): string {
  sessionStorage.setItem("name", name);
  return name;
}

/** One of the four cord colours, the same for the same name. */
export function cordOf(name: string): string {
  let sum = 0;
  for (const c of name) sum = (sum * 31 + c.codePointAt(0)!) >>> 0;
  return `cord-${(sum % 4) + 1}`;
}
