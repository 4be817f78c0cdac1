/** The longest wait between two attempts, in milliseconds. */
const longest = 15_000;

/** Waits longer each time, with some chance in it, so that a crowd does not come back all at once. */
export function delay(attempt: number): number {
  const base = Math.min(longest, 1000 * 2 ** Math.min(attempt, 4));
  return Math.round(base * (0.75 + Math.random() * 0.5));
}

/** Whether the server wants nothing of this page: trying again would not help. */
export const refused = (error: unknown) => error instanceof Error && /'40[13]'/.test(error.message);

/** The sentence that the server meant for people, or one that fits. */
export function explain(error: unknown, other = "That did not get through. What you entered is still here."): string {
  const said = error instanceof Error ? error.message : String(error);
  return /HubException: ([^]*)$/.exec(said)?.[1] ?? other;
}
