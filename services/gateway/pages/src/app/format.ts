/** Amounts, times and distances as people of this language write them. */
import type { Money } from "./http";
import { locale, t } from "./i18n";

let cityZone: string | undefined;

/** Times are told as the clocks of the city show them, also to somebody who is elsewhere. */
export const useZone = (zone: string | undefined) => {
  cityZone = zone;
};

const digits = (currency: string): number =>
  new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;

export const money = (amount: Money): string =>
  new Intl.NumberFormat(locale.value, { style: "currency", currency: amount.currency }).format(
    amount.amount_minor / 10 ** digits(amount.currency),
  );

/** What is taken off: nothing has no sign. */
export const less = (amount: Money): string => `${amount.amount_minor ? "−" : ""}${money(amount)}`;

/** Minor units of what somebody typed, such as "2.50" or "2,5"; null when it is no amount of the currency. */
export const minor = (typed: string, currency: string): number | null => {
  const plain = typed.trim().replace(",", ".");
  const places = digits(currency);
  if (!new RegExp(`^\\d{1,6}(\\.\\d{0,${places}})?$`).test(plain)) return null;
  const [whole = "0", part = ""] = plain.split(".");
  return Number(whole) * 10 ** places + Number(part.padEnd(places, "0") || "0");
};

/** "now", "1 min", "12 min", "1 h 5 min": rounded up, since a car that comes early is no disappointment. */
export const duration = (seconds: number): string => {
  const minutes = Math.ceil(seconds / 60);
  if (seconds < 30) return t("time.now");
  if (minutes < 60) return t("time.minutes", { count: minutes });
  if (minutes % 60 === 0) return t("time.whole_hours", { count: minutes / 60 });
  return t("time.hours", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
};

export const distance = (metres: number): string => {
  const km = metres >= 1000;
  return new Intl.NumberFormat(locale.value, {
    style: "unit",
    unit: km ? "kilometer" : "meter",
    maximumFractionDigits: km && metres < 10_000 ? 1 : 0,
  }).format(km ? metres / 1000 : Math.round(metres / 10) * 10);
};

export const clock = (at: string | Date, zone = cityZone): string =>
  new Intl.DateTimeFormat(locale.value, { hour: "numeric", minute: "2-digit", timeZone: zone }).format(new Date(at));

export const day = (at: string | Date, zone = cityZone): string =>
  new Intl.DateTimeFormat(locale.value, { dateStyle: "medium", timeZone: zone }).format(new Date(at));

export const dayAndTime = (at: string | Date, zone = cityZone): string =>
  new Intl.DateTimeFormat(locale.value, { dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(
    new Date(at),
  );

export const number = (value: number, places = 0): string =>
  new Intl.NumberFormat(locale.value, { maximumFractionDigits: places }).format(value);

export const percent = (share: number): string =>
  new Intl.NumberFormat(locale.value, { style: "percent", maximumFractionDigits: 0 }).format(share);

/** The day that it is in the city, so many days ago: `2026-03-02`, as the contract takes days. */
export const isoDay = (daysAgo = 0): string =>
  new Date(Date.now() - daysAgo * 86_400_000).toLocaleDateString("sv", { timeZone: cityZone });
