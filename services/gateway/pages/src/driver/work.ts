/** The driver's work: online or not, what is offered, the ride he has. The server's word is the only truth. */
import { signal } from "@preact/signals";
import { get, type Money, type Page, type Point, post, put, serverNow } from "../app/http";
import { me, reload } from "../app/session";
import { listen, onLive } from "../app/socket";
import { OVER, type Trip } from "../app/trip";

export interface Offer {
  offer_id: string;
  trip_id: string;
  pickup: Point;
  dropoff: Point;
  pickup_eta_s: number;
  fare: Money;
  expires_at: string;
}

export interface Hint {
  segment: string;
  point: Point;
  reason: string;
  expected?: number | null;
  cars?: number | null;
  expires_at?: string;
}

export interface Way {
  distance_m: number;
  duration_s: number;
  line: Point[];
}

export const offer = signal<Offer | null>(null);
export const trip = signal<Trip | null>(null);
export const hint = signal<Hint | null>(null);
export const way = signal<Way | null>(null);
/** What has happened, for the eyes and for those who hear the page read. */
export const news = signal<{ code: string; amount?: Money; at: number } | null>(null);
export const moneyChanged = signal(0);

const tell = (code: string, amount?: Money) => {
  news.value = amount ? { code, amount, at: Date.now() } : { code, at: Date.now() };
};

const take = (told: Trip) => {
  const known = trip.value;
  if (known && known.id === told.id && told.version < known.version) return;
  if (known && known.id !== told.id && !OVER.has(known.state)) return;
  trip.value = told;
  if (OVER.has(told.state)) way.value = null;
};

/** Go online or off. Throws ApiError. */
export const setOnline = async (online: boolean): Promise<void> => {
  await put("/v1/driver/availability", { online });
  if (!online) offer.value = null;
  await reload();
};

/** Throws ApiError, `offer_gone` when somebody or something was faster. */
export const accept = async (chosen: Offer): Promise<void> => {
  try {
    const answer = await post<{ trip: Trip }>(`/v1/offers/${chosen.offer_id}/accept`);
    take(answer.trip);
  } finally {
    if (offer.value?.offer_id === chosen.offer_id) offer.value = null;
  }
  await lookForWay();
};

export const decline = async (chosen: Offer): Promise<void> => {
  if (offer.value?.offer_id === chosen.offer_id) offer.value = null;
  await post(`/v1/offers/${chosen.offer_id}/decline`);
};

/** A step of the ride. Throws ApiError. */
export const step = async (verb: "arrive" | "complete" | "no-show", ride: Trip): Promise<void> => {
  take(await post<Trip>(`/v1/trips/${ride.id}/${verb}`));
};

export const start = async (ride: Trip, pin: string): Promise<void> => {
  take(await post<Trip>(`/v1/trips/${ride.id}/start`, { pin }));
  await lookForWay();
};

/** Give the ride back: it goes to somebody else. Throws ApiError. */
export const giveBack = async (ride: Trip): Promise<void> => {
  await post(`/v1/trips/${ride.id}/cancel`, {});
  trip.value = null;
  way.value = null;
};

export const leave = () => {
  trip.value = null;
  way.value = null;
};

/** The way from where the car is to where it is wanted next. What is not known yet is looked for again later. */
export const lookForWay = async (): Promise<void> => {
  const ride = trip.value;
  if (!ride || OVER.has(ride.state)) {
    way.value = null;
    return;
  }
  try {
    way.value = await get<Way>(`/v1/trips/${ride.id}/route`);
  } catch {
    way.value = null;
  }
};

const catchUp = async (): Promise<void> => {
  await reload();
  const known = trip.value;
  if (known && !OVER.has(known.state)) {
    const told = await get<Trip>(`/v1/trips/${known.id}`).catch(() => null);
    if (told) take(told);
    else trip.value = null;
  } else {
    const newest = (await get<Page<Trip>>("/v1/me/trips", { limit: 1 })).items[0];
    if (newest && !OVER.has(newest.state)) take(newest);
  }
  await lookForWay();
};

let fading: ReturnType<typeof setTimeout> | undefined;

const hear = (event: string, data: Record<string, unknown>) => {
  if (event === "offer_made") {
    const made = data as unknown as Offer;
    if (Date.parse(made.expires_at) > serverNow()) offer.value = made;
  } else if (event === "offer_withdrawn") {
    if (offer.value?.offer_id === data.offer_id) {
      offer.value = null;
      tell("offer_withdrawn");
    }
  } else if (event === "demand_hint") {
    const given = data as unknown as Hint;
    if (given.expires_at && Date.parse(given.expires_at) <= serverNow()) return;
    hint.value = given;
    clearTimeout(fading);
    if (given.expires_at) {
      const left = Date.parse(given.expires_at) - serverNow();
      fading = setTimeout(() => {
        hint.value = null;
      }, left);
    }
  } else if (event === "payout_sent" || event === "payout_failed" || event === "tip_received") {
    moneyChanged.value += 1;
    tell(event, data.amount as Money);
  } else if (event === "trip_returned") {
    if (trip.value?.id === data.trip_id) leave();
    tell("trip_returned");
  } else if (event.startsWith("trip_") || event === "driver_arrived") {
    const told = data.trip as Trip;
    if (told.driver?.id !== me.value?.id && trip.value?.id !== told.id) return;
    const before = trip.value?.state;
    // a ride that is over and was left stays left, however late its end is told here
    if (!OVER.has(told.state) || trip.value?.id === told.id) take(told);
    if (event === "trip_settled") for (const ms of [2000, 6000]) setTimeout(() => (moneyChanged.value += 1), ms);
    if (event === "trip_cancelled" && before !== "cancelled") tell("trip_cancelled");
    if (event === "trip_changed") {
      tell("trip_changed");
      void lookForWay();
    }
  }
};

/** Begin to follow what happens; gives what ends it. */
export const follow = (): (() => void) => {
  const deaf = listen(hear);
  const asleep = onLive(() => void catchUp().catch(() => undefined));
  return () => {
    deaf();
    asleep();
    // nothing of one driver's is left for the next who signs in here
    leave();
    offer.value = null;
    hint.value = null;
    news.value = null;
  };
};
