import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { connect, type Line } from "../kit/line";

export interface Point {
  at: number;
  readings: number;
  pages: number;
  devices: number;
  goroutines: number;
  heap: number;
  wait: number;
}

export interface Device {
  id: number;
  name: string;
  unit: string;
  value: number;
  at: number;
}

export interface View {
  point: Point;
  past?: Point[];
  list: Device[];
  limits: number[];
  delays: number[];
  total: number;
  refused: number;
  wanted: number;
}

export interface LogLine {
  n: number;
  at: number;
  level: string;
  text: string;
}

export interface Eyes {
  view(v: View): void;
  logLine(l: LogLine): void;
  down(): void;
}

const nothing = () => {}; // the lamp tells of a lost line

/** The dashboard's line: views and the log come as server streams. */
export function watch(lamp: HTMLElement, eyes: Eyes): { line: Line; follow(): void; pause(): void } {
  let log: { dispose(): void } | undefined;
  let paused = false;
  // drawer: begin
  const up = () => {
    line.stream<View>("Watch").subscribe({ next: (v) => eyes.view(v), error: nothing, complete: nothing });
    if (!paused) follow();
  };
  const line = connect("/dashboardHub", { lamp, up, down: eyes.down, protocol: new MessagePackHubProtocol() });
  const follow = () => {
    log = line.stream<LogLine>("Tail").subscribe({ next: (l) => eyes.logLine(l), error: nothing, complete: nothing });
  };
  const pause = () => log?.dispose(); // cancels the stream on the server
  // drawer: end
  return {
    line,
    follow() {
      paused = false;
      if (line.up) follow();
    },
    pause() {
      paused = true;
      pause();
    },
  };
}
