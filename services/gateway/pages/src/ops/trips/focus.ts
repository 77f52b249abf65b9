/** Where the keyboard goes when the button that was pressed is no longer there. */
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** A heading that takes the focus when `state` changes and nothing has it any more. */
export const useHeading = (state: string | undefined): RefObject<HTMLHeadingElement> => {
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(state);
  useEffect(() => {
    const changed = before.current !== undefined && before.current !== state;
    before.current = state;
    if (changed && document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [state]);
  return heading;
};
