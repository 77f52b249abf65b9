/** Trips and quotes as the public contract tells them. */
import type { Money, Point } from "./http";
import type { Surge } from "./surge";

export interface FareLine {
  code: string;
  label: string;
  amount: Money;
  /** The numbers that the label tells in words. */
  values?: Record<string, number> | null;
}

export interface Option {
  category: string;
  fare: Money;
  breakdown: FareLine[];
  surge: Surge;
  pickup_eta_s: number | null;
  cancellation?: { free_s: number | null; fee: Money } | null;
  promo?: { code: string; label: string; discount: Money; to_pay: Money } | null;
  tip_max?: Money | null;
}

export interface Quote {
  id: string;
  distance_m: number;
  duration_s: number;
  estimated?: boolean;
  route: Point[];
  options: Option[];
  expires_at: string;
}

export interface Trip {
  id: string;
  city?: string;
  state: "requested" | "assigned" | "arrived" | "in_progress" | "completed" | "cancelled" | "expired";
  category: string;
  pickup: Point;
  dropoff: Point;
  fare: Money;
  to_pay?: Money | null;
  cancellation_fee?: Money | null;
  pin: string | null;
  driver: {
    id: string;
    name: string;
    rating: number | null;
    vehicle: { make: string; model: string; colour: string; plate: string; category: string };
    position: Point | null;
    pickup_eta_s: number | null;
  } | null;
  distance_m: number;
  duration_s: number;
  requested_at: string;
  completed_at: string | null;
  cancelled_at: string | null;
  cancelled_by: string | null;
  version: number;
  waiting?: Waiting | null;
}

export interface Receipt {
  receipt_number: string;
  lines: FareLine[];
  total: Money;
  paid_with: string | null;
  state: "paid" | "unpaid" | "refunded";
  refunded?: Money;
  fare_reason?: string | null;
  tip?: { amount: Money; state: string } | null;
}

export interface Waiting {
  /** One line of the server's own, in English: what is being done for this rider. */
  text: string;
  code?: "asking" | "kept" | "no_car" | "all_busy" | "others_first" | "cars_near" | null;
  car_in_s?: number | null;
  came_to_nothing?: number;
  looking_s?: number | null;
  cars_near: number;
  busy_near: number;
  finishing_near: number;
  about_s: number | null;
  asked: number;
  since: string;
}

/** States in which nothing more happens on the road. */
export const OVER = new Set(["completed", "cancelled", "expired"]);
