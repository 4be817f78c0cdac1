import { el } from "../kit/dom";

/** This browser as a device: a raw WebSocket, as any device has one. */
export function ownDevice(name: string) {
  const value = el<HTMLInputElement>("own-value");
  const connect = el<HTMLButtonElement>("own-connect");
  const problem = el("own-problem");
  let socket: WebSocket | undefined;

  const send = () => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ value: Number(value.value) }));
  };
  const off = () => {
    socket = undefined;
    connect.textContent = "Put it on the line";
  };
  const on = () => {
    const mine = (socket = new WebSocket(`${location.origin.replace("http", "ws")}/devices`));
    connect.textContent = "Take it off the line";
    problem.textContent = "";
    mine.onopen = () => {
      mine.send(JSON.stringify({ name, unit: "°C" }));
      send();
    };
    mine.onmessage = ({ data }) => (problem.textContent = String((JSON.parse(data) as { error: string }).error));
    mine.onclose = () => {
      if (socket !== mine) return;
      off();
      problem.textContent = "The device's line was cut. Put it on again when you like.";
    };
  };

  let due = 0;
  value.addEventListener("input", () => (due ||= window.setTimeout(() => ((due = 0), send()), 150)));
  setInterval(send, 10_000); // a device that is silent for a minute is hung up on
  el("own").addEventListener("submit", (e) => {
    e.preventDefault();
    const old = socket;
    if (!old) return on();
    off();
    old.close(1000);
  });
}
