import { HttpTransportType, HubConnection, HubConnectionBuilder, type IRetryPolicy, LogLevel } from "@microsoft/signalr";

export interface Ears {
  onMessage(user: string, text: string): void;
  onJoined(name: string): void;
  onLeft(name: string): void;
}

/** Builds the connection. transports is what may be used; the client takes the first that works. */
export function build(transports: HttpTransportType, patience: IRetryPolicy, ears: Ears): HubConnection {
  // drawer: begin
  const connection = new HubConnectionBuilder()
    .withUrl("/chatHub", { transport: transports })
    .withAutomaticReconnect(patience)
    .configureLogging(LogLevel.None)
    .build();

  connection.on("ReceiveMessage", (user: string, text: string) => ears.onMessage(user, text));
  // then: await connection.start();
  //       await connection.invoke("SendMessage", name, text);
  // drawer: end
  connection.on("Joined", (name: string) => ears.onJoined(name));
  connection.on("Left", (name: string) => ears.onLeft(name));
  return connection;
}

/** The longest wait between two attempts, in milliseconds. */
const longest = 15_000;

/** Waits longer each time, with some chance in it, so that a crowd does not come back all at once. It never gives up. */
export function delay(attempt: number): number {
  const base = Math.min(longest, 1000 * 2 ** Math.min(attempt, 4));
  return Math.round(base * (0.75 + Math.random() * 0.5));
}
