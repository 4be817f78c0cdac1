export interface Receipt {
  n: number;
  people: number;
  devices: number;
}

const where = "/notifications/send";

// drawer: begin
/** Sends a notice as any program can: by HTTP. It works while the line is cut, too. */
export async function post(to: string, text: string, from: string): Promise<Receipt> {
  const answer = await fetch(where, { method: "POST", body: new URLSearchParams({ to, text, from }) });
  if (!answer.ok) throw new Error(`HubException: ${await answer.text()}`);
  return answer.json();
}
// drawer: end

/** The same for a shell: single quotes keep everything but themselves. */
export function curl(to: string, text: string): string {
  const quoted = (s: string) => `'${s.replaceAll("'", `'\\''`).replace(/\p{Cc}/gu, " ")}'`;
  return ["curl " + location.origin + where, "--data-urlencode " + quoted(`to=${to}`), "--data-urlencode " + quoted(`text=${text}`)].join(" \\\n  ");
}
