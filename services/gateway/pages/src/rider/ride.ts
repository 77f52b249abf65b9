/** The rider's ride: what is chosen, what is asked for, and what becomes of it. The server's word is the only truth. */
import { computed, signal } from "@preact/signals";
import { ApiError, get, newKey, type Page, type Point, patch, post, request } from "../app/http";
import { call, listen, onLive } from "../app/socket";
import { OVER, type Quote, type Trip, type Waiting } from "../app/trip";

export interface Place {
  name: string;
  kind?: string;
  point: Point;
}

export interface NearbyCar {
  point: Point;
  bearing_deg: number | null;
  category: string;
  pickup_eta_s: number | null;
}

export interface Moved {
  point: Point;
  bearing_deg: number | null;
  eta_s: number | null;
}

export const pickup = signal<Place | null>(null);
export const dropoff = signal<Place | null>(null);
export const quote = signal<Quote | null>(null);
export const quoting = signal(false);
export const quoteFailure = signal<unknown>(null);
export const category = signal<string | null>(null);
export const promoCode = signal("");
export const method = signal("card_ok");
export const trip = signal<Trip | null>(null);
export const waiting = signal<Waiting | null>(null);
export const moved = signal<Moved | null>(null);
export const cars = signal<NearbyCar[]>([]);
export const charged = signal<"no" | "yes" | "failed">("no");
/** A payment that the rider's bank wants confirmed before the ride can be asked for. */
export const confirmation = signal<string | null>(null);
/** A sentence about what has just happened, to be shown and read out. */
export const news = signal<{ code: string; trip: Trip | null } | null>(null);

export const option = computed(() => quote.value?.options.find((each) => each.category === category.value) ?? null);

/** Choose where from and where to; as soon as both are known the fares are asked for. */
export const choose = async (which: "pickup" | "dropoff", place: Place | null): Promise<void> => {
  (which === "pickup" ? pickup : dropoff).value = place;
  quote.value = null;
  quoteFailure.value = null;
  if (pickup.value && dropoff.value) await askFares();
};

let asked = 0;

export const askFares = async (): Promise<void> => {
  const from = pickup.value;
  const to = dropoff.value;
  if (!from || !to) return;
  asked += 1;
  const mine = asked;
  quoting.value = true;
  quoteFailure.value = null;
  try {
    const code = promoCode.value.trim();
    const body = { pickup: from.point, dropoff: to.point, ...(code ? { promo_code: code } : {}) };
    const given = await post<Quote>("/v1/quotes", body);
    if (mine !== asked) return;
    quote.value = given;
    if (!given.options.some((each) => each.category === category.value)) {
      category.value = given.options[0]?.category ?? null;
    }
  } catch (reason) {
    if (mine === asked) quoteFailure.value = reason;
  } finally {
    if (mine === asked) quoting.value = false;
  }
};

let wish: { about: string; key: string } | null = null;

/** Ask for the ride. A second tap, or one after a lost line, is the same wish. Throws ApiError. */
export const ask = async (): Promise<void> => {
  const promised = quote.value;
  if (!promised || !category.value) return;
  const about = `${promised.id} ${category.value} ${method.value}`;
  if (wish?.about !== about) wish = { about, key: newKey() };
  const body = { quote_id: promised.id, category: category.value, payment_method: method.value };
  try {
    take(await post<Trip>("/v1/trips", body, wish.key));
    charged.value = "no";
  } catch (reason) {
    if (reason instanceof ApiError && reason.code === "quote_expired") await askFares();
    if (reason instanceof ApiError && reason.code === "active_trip_exists") await catchUp();
    if (reason instanceof ApiError && reason.code === "payment_needs_confirmation") {
      confirmation.value = String(reason.details.confirmation_id);
      return;
    }
    throw reason;
  }
};

/** Say yes or no to what the bank asks; with a yes the ride is asked for again. Throws ApiError. */
export const confirm = async (accept: boolean): Promise<void> => {
  const id = confirmation.value;
  if (!id) return;
  await request("POST", `/v1/me/payment-confirmations/${id}`, { body: { accept } });
  confirmation.value = null;
  if (accept) await ask();
};

/** What the ride costs to another place. Throws ApiError. */
export const quoteDestination = (ride: Trip, to: Place): Promise<Quote> =>
  post<Quote>(`/v1/trips/${ride.id}/destination-quotes`, { dropoff: to.point });

export const cancel = async (why?: string): Promise<void> => {
  const now = trip.value;
  if (now) take(await request<Trip>("POST", `/v1/trips/${now.id}/cancel`, { body: why ? { reason: why } : {} }));
};

/** Go where a quote of `quoteDestination` goes. Throws ApiError. */
export const changeDestination = async (to: Quote, place: Place): Promise<void> => {
  const now = trip.value;
  if (!now) return;
  take(await patch<Trip>(`/v1/trips/${now.id}`, { quote_id: to.id }));
  dropoff.value = place;
  quote.value = to;
};

/** Leave a ride that is over and begin anew. */
export const beginAnew = () => {
  trip.value = null;
  waiting.value = null;
  moved.value = null;
  quote.value = null;
  dropoff.value = null;
  charged.value = "no";
  wish = null;
};

/** Nothing of one rider's is left for the next who signs in here. */
const forget = () => {
  beginAnew();
  pickup.value = null;
  promoCode.value = "";
  method.value = "card_ok";
  quoteFailure.value = null;
  confirmation.value = null;
  news.value = null;
  cars.value = [];
};

/** Take a trip as the server tells it, unless what is known is newer. */
const take = (told: Trip) => {
  const known = trip.value;
  if (known && known.id === told.id && told.version < known.version) return;
  if (known && known.id !== told.id && !OVER.has(known.state)) return;
  trip.value = { ...told, pin: told.pin ?? known?.pin ?? null };
  if (told.state !== "requested") waiting.value = null;
  if (told.state === "requested" || OVER.has(told.state)) moved.value = null;
};

/** Find the ride that is under way: after a start, and whenever the line comes back. */
export const catchUp = async (): Promise<void> => {
  const known = trip.value;
  if (known && !OVER.has(known.state)) {
    const told = await get<Trip>(`/v1/trips/${known.id}`);
    waiting.value = told.waiting ?? null;
    take(told);
    return;
  }
  const newest = (await get<Page<Trip>>("/v1/me/trips", { limit: 1 })).items[0];
  if (newest && !OVER.has(newest.state)) {
    const told = await get<Trip>(`/v1/trips/${newest.id}`);
    waiting.value = told.waiting ?? null;
    take(told);
  }
};

const ABOUT_A_TRIP = new Set([
  "trip_assigned",
  "driver_arrived",
  "trip_started",
  "trip_changed",
  "trip_completed",
  "trip_cancelled",
  "trip_expired",
  "driver_cancelled",
  "trip_settled",
]);

const hear = (event: string, data: Record<string, unknown>) => {
  if (event === "driver_moved") {
    if (data.trip_id === trip.value?.id) moved.value = data as unknown as Moved;
  } else if (event === "nearby_drivers") {
    cars.value = data.items as NearbyCar[];
  } else if (event === "waiting_update") {
    if (data.trip_id === trip.value?.id) waiting.value = data as unknown as Waiting;
  } else if (event === "payment_captured" || event === "payment_failed") {
    if (data.trip_id === trip.value?.id) charged.value = event === "payment_captured" ? "yes" : "failed";
  } else if (ABOUT_A_TRIP.has(event)) {
    const told = data.trip as Trip;
    if (trip.value && trip.value.id !== told.id && !OVER.has(trip.value.state)) return;
    // what is over and was left stays left, however late its end is told here
    if (OVER.has(told.state) && trip.value?.id !== told.id) return;
    take(told);
    news.value = { code: event, trip: told };
  }
};

let watched: Point | null = null;

/** See cars around a point as they move. */
export const watch = (point: Point | null) => {
  watched = point;
  if (point) call("watch_nearby", { lat: point.lat, lng: point.lng }).catch(() => undefined);
  else {
    cars.value = [];
    call("unwatch_nearby", {}).catch(() => undefined);
  }
};

/** Begin to follow what happens; gives what ends it. */
export const follow = (): (() => void) => {
  const deaf = listen(hear);
  const asleep = onLive(() => {
    void catchUp().catch(() => undefined);
    if (watched) watch(watched);
  });
  return () => {
    deaf();
    asleep();
    forget();
  };
};
