const rounds = 5;

/** The server's clock as this page sees it, and the size of heads that the page cannot see. */
export class Clock {
  /** Bytes of the head of a request of this browser, and of an answer. */
  requestHead = 0;
  answerHead = 0;
  private offset = 0; // ms, server minus page

  /** Measures: of several questions the one that came back soonest tells the time best. */
  async set() {
    let best = Infinity;
    for (let i = 0; i < rounds; i++) {
      const from = now();
      const answer = await fetch("/lab/head", { cache: "no-store" });
      const to = now();
      const { request, now: there } = (await answer.json()) as { request: number; now: number };
      this.requestHead = request;
      this.answerHead = headOf(answer);
      if (to - from > best) continue;
      best = to - from;
      this.offset = there - (from + to) / 2;
    }
  }

  /** The server's time, in ms since 1970. */
  now = () => now() + this.offset;
}

const now = () => performance.timeOrigin + performance.now();

function headOf(answer: Response): number {
  let n = "HTTP/1.1 200 OK\r\n\r\n".length;
  for (const [name, value] of answer.headers) n += name.length + value.length + ": \r\n".length;
  return n;
}
