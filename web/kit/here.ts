export interface Here {
  /** localhost and 127.0.0.1 may both be used. */
  twoNames: boolean;
  /** The server's addresses on the local network, as origins. */
  addresses: string[];
}

let asked: Promise<Here> | undefined;

/** What the server says about its names; asked once. */
export function here(): Promise<Here> {
  asked ??= fetch("/gallery/here")
    .then((r) => (r.ok ? (r.json() as Promise<Here>) : Promise.reject(new Error(r.statusText))))
    .catch(() => {
      asked = undefined;
      return { twoNames: false, addresses: [] };
    });
  return asked;
}

const others: Record<string, string> = { localhost: "127.0.0.1", "127.0.0.1": "localhost" };

/**
 * The origin of this server under its other name, or "" where it has none.
 * Browsers open six HTTP/1.1 connections to each name, so a second client
 * belongs under the second name; without one keep to four long answers a page.
 */
export async function otherName(): Promise<string> {
  const other = others[location.hostname];
  if (!other || !(await here()).twoNames) return "";
  return `${location.protocol}//${other}:${location.port}`;
}
