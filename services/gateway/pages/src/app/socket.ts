/**
 * The socket: authenticated, resumed after what was seen last, tried again for as long as the page is open. Events come
 * in order and each once, however often the line breaks.
 */
import { effect, signal, untracked } from "@preact/signals";
import { ApiError } from "./http";
import { accessToken } from "./session";

export type Line = "connecting" | "live" | "lost";
type Data = Record<string, unknown>;
type Heard = (event: string, data: Data) => void;

/** Shown to the user: is what he sees live? */
export const line = signal<Line>("connecting");

const LONGEST_PAUSE_MS = 10_000;
const ANSWER_WITHIN_MS = 8_000;
const SILENT_MS = 40_000;

let socket: WebSocket | null = null;
let wanted = false;
let pauseMs = 500;
let retry: ReturnType<typeof setTimeout> | undefined;
let lastSeq: number | null = null;
let lastHeardAt = 0;
let numbered = 0;
const waiting = new Map<string, { done: (data: Data) => void; failed: (reason: ApiError) => void }>();
const listeners = new Set<Heard>();
const openers = new Set<() => void>();

/** Hear every event; gives what ends it. */
export const listen = (heard: Heard): (() => void) => {
  listeners.add(heard);
  return () => listeners.delete(heard);
};

/** Run whenever the line is live again (after what was missed has come). */
export const onLive = (run: () => void): (() => void) => {
  openers.add(run);
  if (line.value === "live") run();
  return () => openers.delete(run);
};

const take = (frame: Data) => {
  lastHeardAt = Date.now();
  if (frame.type === "result") {
    const asked = waiting.get(String(frame.correlation_id));
    waiting.delete(String(frame.correlation_id));
    if (!asked) return;
    const error = frame.error as Data | undefined;
    if (frame.success) asked.done((frame.data ?? {}) as Data);
    else asked.failed(new ApiError(409, String(error?.code ?? "refused"), String(error?.message ?? "")));
    return;
  }
  if (frame.type !== "event") return;
  const data = (frame.data ?? {}) as Data;
  const seq = (frame.seq ?? data.seq) as number | undefined;
  if (typeof seq === "number") {
    if (lastSeq !== null && seq <= lastSeq) return;
    lastSeq = seq;
  }
  for (const heard of listeners) heard(String(frame.event), data);
};

/** Call a method of the socket. Throws ApiError; `offline` when the line is down or silent. */
export const call = (method: string, data: Data): Promise<Data> => {
  const open = socket;
  if (!open || open.readyState !== WebSocket.OPEN) return Promise.reject(new ApiError(0, "offline", ""));
  numbered += 1;
  const id = `c${numbered}`;
  return new Promise((done, failed) => {
    waiting.set(id, { done, failed });
    setTimeout(() => {
      if (waiting.delete(id)) failed(new ApiError(0, "offline", ""));
    }, ANSWER_WITHIN_MS);
    open.send(JSON.stringify({ method, data, correlation_id: id }));
  });
};

/** Send without waiting for an answer; false when the line is down. */
export const send = (method: string, data: Data): boolean => {
  if (!socket || socket.readyState !== WebSocket.OPEN || line.value !== "live") return false;
  socket.send(JSON.stringify({ method, data }));
  return true;
};

const again = () => {
  if (!wanted) return;
  line.value = "lost";
  clearTimeout(retry);
  retry = setTimeout(open, pauseMs * (0.7 + Math.random() * 0.6));
  pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.7);
};

const greet = async (mine: WebSocket) => {
  const greeted = await call("authenticate", { token: accessToken.value });
  const newest = (greeted.last_seq as number | null) ?? 0;
  if (lastSeq === null || lastSeq > newest) lastSeq = newest;
  else await call("resume", { after: lastSeq });
  if (mine !== socket) return;
  pauseMs = 500;
  line.value = "live";
  for (const run of openers) run();
};

const open = () => {
  clearTimeout(retry);
  if (!wanted || !accessToken.value) return;
  const mine = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws`);
  socket = mine;
  lastHeardAt = Date.now();
  mine.onopen = () => greet(mine).catch(() => mine.close());
  mine.onmessage = (message) => take(JSON.parse(message.data));
  mine.onclose = () => {
    if (mine !== socket) return;
    socket = null;
    for (const asked of waiting.values()) asked.failed(new ApiError(0, "offline", ""));
    waiting.clear();
    again();
  };
};

const close = () => {
  wanted = false;
  clearTimeout(retry);
  const mine = socket;
  socket = null;
  mine?.close();
  lastSeq = null;
  line.value = "connecting";
};

/** Keep a line open while somebody is signed in. */
export const keepOpen = () => {
  let signedIn = false;
  effect(() => {
    const now = accessToken.value !== null;
    if (now && !signedIn) {
      wanted = true;
      pauseMs = 500;
      open();
    } else if (now && untracked(() => line.value) === "live") {
      // a fresh token keeps the socket alive
      call("authenticate", { token: accessToken.value }).catch(() => socket?.close());
    } else if (!now && signedIn) close();
    signedIn = now;
  });
  // a telephone that wakes up, or a network that comes back, need not wait for the next try
  const wake = () => {
    if (!wanted || document.visibilityState === "hidden") return;
    if (!socket) {
      pauseMs = 500;
      open();
    } else if (Date.now() - lastHeardAt > SILENT_MS)
      call("resume", { after: lastSeq ?? 0 }).catch(() => socket?.close());
  };
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);
  setInterval(wake, SILENT_MS / 2);
};
