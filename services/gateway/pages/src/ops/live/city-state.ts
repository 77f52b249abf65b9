/** The city as it is this second: who drives where in which state, and who waits. Told by the socket while it is watched. */
import { signal } from "@preact/signals";
import { call, line, listen, onLive } from "../../app/socket";

/** In the order in which a driver goes through them. */
export const STATES = ["free", "held", "to_pickup", "at_pickup", "riding", "silent"] as const;
export type State = (typeof STATES)[number];

type DriverRow = [id: string, lat: number, lng: number, bearing_deg: number | null, state: State];
type WaitingRow = [trip_id: string, lat: number, lng: number, since: string];

export interface CityState {
  city: string;
  at: string;
  drivers: DriverRow[];
  waiting: WaitingRow[];
  /** How many cars were left out. */
  more: number;
  /** Parts that don't answer: what is told of them is as it was known last. */
  missing: string[];
}

export const cityState = signal<CityState | null>(null);
/** Why nothing is told, while nothing is. */
export const unwatched = signal<unknown>(null);
/** When it was told last, on this browser's clock in ms. */
export const heardAt = signal(0);

const AGAIN_MS = 5000;

/** Watch a city for as long as the page wants, over every loss of the line; gives what ends it. */
export const watchCity = (city: string): (() => void) => {
  let wanted = true;
  let retry: ReturnType<typeof setTimeout> | undefined;
  cityState.value = null;
  unwatched.value = null;
  heardAt.value = 0;

  const deaf = listen((event, data) => {
    if (event !== "city_state" || data.city !== city) return;
    cityState.value = data as unknown as CityState;
    heardAt.value = Date.now();
    unwatched.value = null;
  });

  const begin = () => {
    clearTimeout(retry);
    call("watch_city", { city }).catch((reason) => {
      if (!wanted || line.value !== "live") return; // the line that comes back begins again
      unwatched.value = reason;
      retry = setTimeout(begin, AGAIN_MS);
    });
  };
  const unbind = onLive(begin);

  return () => {
    wanted = false;
    clearTimeout(retry);
    unbind();
    deaf();
    call("unwatch_city", {}).catch(() => undefined); // a line that is down watches nothing
  };
};
