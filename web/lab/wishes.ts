/** What the person has chosen, for all lines alike. */
export interface Wishes {
  rate: number; // messages per second
  size: number; // bytes of filling
  every: number; // ms between two plain polls
  heal: boolean; // ask for what was missed
  stateful: boolean; // stateful reconnect, where it is WebSockets
}
