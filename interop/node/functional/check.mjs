// Few assertions that work in Node and in a page.

/** A value as text: the same for the same value, bytes and dates included. */
function show(v) {
  if (v instanceof Date) return `date ${v.getTime()}`;
  if (v instanceof Uint8Array) return `bytes ${[...v]}`;
  if (Array.isArray(v)) return `[${v.map(show).join(", ")}]`;
  if (v && typeof v === "object") return `{${Object.keys(v).sort().map((k) => `${k}: ${show(v[k])}`).join(", ")}}`;
  return v === undefined ? "undefined" : JSON.stringify(v);
}

export function same(got, want, what = "the value") {
  if (show(got) !== show(want)) throw new Error(`${what} is ${show(got)}, want ${show(want)}`);
}

export function that(ok, what) {
  if (!ok) throw new Error(what);
}

/** The promise is rejected with this very message. */
export async function fails(promise, message) {
  let got;
  try {
    got = await promise;
  } catch (e) {
    return same(e.message, message, "the message");
  }
  throw new Error(`the result is ${show(got)}, want the error ${message}`);
}
