/** What of the live map is looked at more closely. */
import { signal } from "@preact/signals";
import { STATES, type State } from "./city-state";

export type Picked =
  | { kind: "car"; id: string }
  | { kind: "waiting"; trip_id: string }
  | { kind: "segment"; segment: string };

export const picked = signal<Picked | null>(null);

/** The states whose cars are shown. */
export const shownStates = signal<ReadonlySet<State>>(new Set(STATES));
/** Whether riders who wait are shown. */
export const waitersShown = signal(true);

export const showState = (state: State, shown: boolean) => {
  const next = new Set(shownStates.value);
  if (shown) next.add(state);
  else next.delete(state);
  shownStates.value = next;
};
