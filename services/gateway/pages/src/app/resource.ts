/** Something that is fetched, and fetched again when the line comes back. */
import { useCallback, useEffect, useState } from "preact/hooks";
import { line, onLive } from "./socket";

export interface Resource<T> {
  value: T | null;
  failure: unknown;
  again: () => Promise<void>;
}

export const useResource = <T>(fetch: () => Promise<T>, on: unknown[] = []): Resource<T> => {
  const [value, setValue] = useState<T | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const again = useCallback(async () => {
    try {
      setValue(await fetch());
      setFailure(null);
    } catch (reason) {
      setFailure(reason);
    }
  }, on);
  useEffect(() => {
    // what waits for the line runs at once when it is live
    if (line.peek() !== "live") void again();
    return onLive(() => void again());
  }, [again]);
  return { value, failure, again };
};
