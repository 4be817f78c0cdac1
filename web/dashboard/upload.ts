import { Subject } from "@microsoft/signalr";
import type { Line } from "../kit/line";

export interface Receipt {
  bytes: number;
  sha256: string;
  took: number; // ms
}

export const mostBytes = 64 << 20;
const piece = 24 << 10; // a hub message has at most 32 KiB
const ahead = 512 << 10; // sent, and not yet said to be received

/** Sends a file in pieces, no faster than the server takes them. */
export class Upload {
  private received = 0;
  private stopped = "";
  private wake = () => {};

  constructor(
    private readonly line: Line,
    private readonly onProgress: (received: number) => void,
  ) {
    line.on("received", (n: number) => {
      this.received = n;
      this.onProgress(n);
      this.wake();
    });
  }

  async send(name: string, file: Blob): Promise<Receipt> {
    this.received = 0;
    this.stopped = "";
    // drawer: begin
    const pieces = new Subject<Uint8Array>();
    const receipt = this.line.invoke<Receipt>("Upload", name, pieces);
    for (let at = 0; at < file.size && !this.stopped; at += piece) {
      pieces.next(new Uint8Array(await file.slice(at, at + piece).arrayBuffer()));
      while (at - this.received > ahead && !this.stopped) await this.more(receipt);
    }
    if (this.stopped) pieces.error(this.stopped);
    else pieces.complete();
    return receipt;
    // drawer: end
  }

  stop() {
    this.stopped = "stopped";
    this.wake();
  }

  /** Waits until more is received, or the call has ended. */
  private async more(receipt: Promise<unknown>) {
    const woken = new Promise<void>((wake) => (this.wake = wake));
    const ended = receipt.then(
      () => {},
      () => void (this.stopped ||= "ended"),
    );
    await Promise.race([woken, ended]);
  }
}
