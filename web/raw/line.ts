export interface Ears {
  onOpen(): void;
  onFrame(data: string | ArrayBuffer): void;
  onClose(code: number, reason: string, clean: boolean): void;
}

export function open(ears: Ears): WebSocket {
  // drawer: begin
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket.binaryType = "arraybuffer";

  socket.onopen = () => ears.onOpen();
  socket.onmessage = ({ data }) => ears.onFrame(data);
  socket.onclose = ({ code, reason, wasClean }) => ears.onClose(code, reason, wasClean);
  // then: socket.send("hello");                        // comes back as "Echo: hello"
  //       socket.send(new Uint8Array([0xca, 0xfe]));   // comes back as it is
  //       socket.close(1000, "bye");
  // drawer: end
  return socket;
}
