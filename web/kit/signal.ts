import type { HttpRequest } from "@microsoft/signalr";

export type Signal = NonNullable<HttpRequest["abortSignal"]>;

/** A signal that ends with the given one, or by itself. */
export function joined(outer?: Signal) {
  const signal = {
    aborted: outer?.aborted ?? false,
    onabort: null as (() => void) | null,
    abort() {
      if (signal.aborted) return;
      signal.aborted = true;
      signal.onabort?.();
    },
  };
  if (outer) outer.onabort = signal.abort;
  return signal;
}
