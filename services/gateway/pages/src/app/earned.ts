/** What a driver earned and was paid, as the public contract tells it. */
import type { Money } from "./http";

export interface Totals {
  rides: number;
  fare: Money;
  tax: Money;
  fee: Money;
  share: Money;
  cash: Money;
  to_be_paid: Money;
}

export interface Payout {
  payout_id: string;
  until_day: string;
  amount: Money;
  state: "reserved" | "sent" | "failed" | "returned";
  reason: string | null;
  sent_at: string | null;
}
