/** What is asked again and again, and the time that passes. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { line, onLive } from "../../app/socket";

export interface Polled<T> {
  value: T | null;
  /** Why the newest try gave nothing; `value` is then what was known before. */
  failure: unknown;
  again: () => Promise<void>;
}

/** Fetch now, every `pause_ms` while the page is seen, when it is seen again and when the line is back. */
export const useEvery = <T>(
  pause_ms: number,
  fetch: ((signal: AbortSignal) => Promise<T>) | null,
  on: unknown[],
): Polled<T> => {
  const [value, setValue] = useState<T | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const asking = useRef<AbortController | null>(null);
  const again = useCallback(async () => {
    asking.current?.abort();
    const mine = new AbortController();
    asking.current = mine;
    try {
      const found = fetch ? await fetch(mine.signal) : null;
      if (mine.signal.aborted) return;
      setValue(() => found);
      setFailure(null);
    } catch (reason) {
      if (!mine.signal.aborted) setFailure(reason);
    } finally {
      if (asking.current === mine) asking.current = null;
    }
  }, on);
  useEffect(() => {
    setValue(null);
    setFailure(null);
    const seen = () => {
      // what takes longer than the pause is waited for
      if (document.visibilityState === "visible" && !asking.current) void again();
    };
    if (line.value !== "live") seen(); // else `onLive` does
    const timer = setInterval(seen, pause_ms);
    document.addEventListener("visibilitychange", seen);
    const unbind = onLive(seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
      unbind();
      asking.current?.abort();
      asking.current = null;
    };
  }, [again]);
  return { value, failure, again };
};

/** The time in ms, drawn again every `pause_ms`. */
export const useNow = (pause_ms: number): number => {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), pause_ms);
    return () => clearInterval(timer);
  }, [pause_ms]);
  return now;
};
