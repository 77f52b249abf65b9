/** What operators are told of a trip. */

import type { Money, Point } from "../../app/http";
import type { Trip } from "../../app/trip";

export interface Person {
  id: string;
  name?: string | null;
}

export interface OpsTrip extends Trip {
  city: string;
  rider_id: string;
  driver_id: string | null;
  rider?: Person | null;
  payment_method: string | null;
  fare_final: boolean;
  fare_reason: string | null;
  discount?: Money | null;
  promo_code?: string | null;
  waiting_since: string | null;
  assigned_at: string | null;
  arrived_at: string | null;
  started_at: string | null;
  expired_at: string | null;
  settled_at: string | null;
  cancel_reason: string | null;
  ended_early?: boolean;
  destination_changes?: number;
}

/** One thing that happened; `code` and `values` say all of it, `words` say it in English. */
export interface Moment {
  at: string;
  kind: string;
  code: string;
  who: { role: string; id: string | null; name?: string | null } | null;
  values: Record<string, unknown>;
  words: string;
}

export interface Timeline {
  items: Moment[];
  /** The services that could not be asked. */
  missing: { part: string; code: string }[];
}

export interface Batch {
  batch_id: string;
  batch_at: string;
  policy: string;
  fallback: string | null;
  estimated: boolean;
  waited_s: number | null;
  replaces: string | null;
  considered: number;
  offered_to: string | null;
}

/** A driver who was looked at in a batch. */
export interface Considered {
  batch_id: string | null;
  batch_at: string;
  driver_id: string;
  driver_name?: string | null;
  distance_m: number | null;
  pickup_eta_s: number | null;
  free_in_s: number | null;
  score: number | null;
  parts: Record<string, number>;
  dropped: string | null;
  offer_id: string | null;
  answer: string | null;
  reason: string | null;
  delay_s: number | null;
}

export interface Wait {
  how: string;
  wait_s: number;
  about_s: number | null;
  actual_s: number | null;
}

export interface Decisions {
  batches: Batch[];
  waits: Wait[];
  items: Considered[];
}

export interface Trace {
  distance_m: number | null;
  matched_route: Point[] | null;
  points: (Point & { at: string })[];
  complete: boolean;
  gaps: { from: string; until: string; duration_s: number }[];
  marked: Record<string, number>;
  coarsened: boolean;
}

export interface Paper {
  receipt_number: string;
  kind: string;
  issued_at: string;
  amount: Money;
}

export interface Refund {
  refund_id: string;
  kind: string;
  amount: Money;
  from_driver: Money;
  reason: string;
  by: string;
  state: "pending" | "done" | "failed";
  failure: string | null;
  credit_note_number: string | null;
  created_at: string;
}
