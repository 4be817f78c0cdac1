import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";

// The result depends on the bytes and their order alone.
onmessage = (e: MessageEvent<Uint8Array[]>) => {
  const doc = new Doc();
  for (const part of e.data) if (part?.length) applyUpdate(doc, part);
  (self as unknown as Worker).postMessage(encodeStateAsUpdate(doc));
};
