/** Something that is fetched again every few seconds, while anybody can see it. */
import { useEffect } from "preact/hooks";
import { type Resource, useResource } from "../../app/resource";

/** `every_ms`: null to fetch it only once, and when the line is back. */
export const usePolled = <T>(fetch: () => Promise<T>, every_ms: number | null, on: unknown[] = []): Resource<T> => {
  const told = useResource(fetch, on);
  const { again } = told;
  useEffect(() => {
    if (every_ms === null) return;
    const timer = setInterval(() => document.visibilityState === "visible" && void again(), every_ms);
    return () => clearInterval(timer);
  }, [every_ms, again]);
  return told;
};
