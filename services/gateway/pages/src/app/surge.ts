/** Why a fare is higher than usual, in the person's language: what was counted when it was made. */
import { duration, number } from "./format";
import { t } from "./i18n";

export interface SurgeValues {
  /** Seconds in which the requests were made. */
  window_s: number;
  requests: number;
  waiting: number;
  unmet: number;
  free: number;
  easing: boolean;
  at_cap: boolean;
}

export interface Surge {
  multiplier: number;
  code: string;
  reason: string | null;
  /** Null when fares are the usual ones, and in quotes older than the numbers. */
  values?: SurgeValues | null;
}

/** "14 rides asked for within 5 min, 6 still without a car, 3 free cars." */
const countedText = ({ window_s, requests, waiting, unmet, free }: SurgeValues): string => {
  const counts = [t("surge.requests", { count: requests, time: duration(window_s) })];
  if (waiting) counts.push(t("surge.waiting", { count: waiting }));
  if (unmet) counts.push(t("surge.unmet", { count: unmet }));
  counts.push(t("surge.free", { count: free }));
  return `${counts.join(", ")}.`;
};

/** Why fares are higher than usual, or null when they are not. */
export const surgeText = ({ multiplier, values }: Surge): string | null => {
  if (multiplier <= 1) return null;
  const times = { times: number(multiplier, 1) };
  if (!values) return t("surge.high_demand", times);
  const said = [t(values.easing ? "surge.easing" : "surge.high_demand", times), countedText(values)];
  if (values.at_cap && !values.easing) said.push(t("surge.at_cap"));
  return said.join(" ");
};
