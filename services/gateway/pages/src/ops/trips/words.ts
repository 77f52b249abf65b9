/** How the console says things: times of the city that they are of, refusals, lengths of time to the second. */
import { cities, city } from "../../app/city";
import { dayAndTime, money } from "../../app/format";
import { ApiError, type Money } from "../../app/http";
import { hasText, locale, t } from "../../app/i18n";
import type { Tone } from "../parts";

/** The beginning of a trip's id, which is enough to know it again and to search for it. */
export const short = (id: string): string => id.slice(0, 8);

/** The end of a person's id: the beginning says when he came, and is that of many. */
export const tail = (id: string): string => `…${id.slice(-6)}`;

export const zoneOf = (name: string | null | undefined): string | undefined =>
  (cities.value.find((each) => each.id === name) ?? city.value)?.time_zone;

export const when = (at: string, of?: string | null): string => dayAndTime(at, zoneOf(of));

const FULL_DAY = { hourCycle: "h23", hour: "2-digit", minute: "2-digit" } as const;

/** "14:02:33" */
export const toTheSecond = (at: string | number, of?: string | null): string =>
  new Intl.DateTimeFormat(locale.value, { ...FULL_DAY, second: "2-digit", timeZone: zoneOf(of) }).format(new Date(at));

/** "14:02" */
export const toTheMinute = (at: string, of?: string | null): string =>
  new Intl.DateTimeFormat(locale.value, { ...FULL_DAY, timeZone: zoneOf(of) }).format(new Date(at));

const unit = (value: number, name: string, places = 0): string =>
  new Intl.NumberFormat(locale.value, {
    style: "unit",
    unit: name,
    unitDisplay: "short",
    maximumFractionDigits: places,
  }).format(value);

/** "12 sec", "3 min", "2 hr": to the second while it is short. */
export const span = (seconds: number): string => {
  const length = Math.abs(seconds);
  if (length < 10) return unit(seconds, "second", 1);
  if (length < 90) return unit(seconds, "second");
  return length < 5400 ? unit(seconds / 60, "minute") : unit(seconds / 3600, "hour", 1);
};

export const kmh = (mps: number): string => unit(mps * 3.6, "kilometer-per-hour");

/** The first moment of a day in a city. */
export const dayBegins = (date: string, zone: string | undefined): Date => {
  const shown = (at: Date) =>
    Date.parse(
      `${new Intl.DateTimeFormat("sv", { timeZone: zone, dateStyle: "short", timeStyle: "medium" })
        .format(at)
        .replace(" ", "T")}Z`,
    );
  const plain = new Date(`${date}T00:00:00Z`);
  const near = new Date(plain.getTime() * 2 - shown(plain));
  return new Date(near.getTime() + plain.getTime() - shown(near));
};

/** What a code means, of one of the lists of the console's texts; the code itself where that is not known. */
export const meaning = (list: string, code: string): string => t(`ops.${list}.${code}`, { defaultValue: code });

/** How a trip is paid: as its rider chose, or by his usual card. */
export const methodOf = ({ payment_method }: { payment_method: string | null }): string =>
  payment_method ? meaning("trips.methods", payment_method) : t("ops.trips.methods.usual");

export const isMoney = (value: unknown): value is Money =>
  typeof value === "object" && value !== null && "amount_minor" in value && "currency" in value;

export const amountOf = (value: unknown): string => (isMoney(value) ? money(value) : "");

/** A refusal in the user's language where the console has words for it. */
const retold = (reason: unknown): unknown => {
  if (!(reason instanceof ApiError)) return reason;
  const key = `ops.trips.error.${reason.code}`;
  if (!hasText(key)) return reason;
  const refundable = amountOf(reason.details.refundable);
  const wanting = Object.keys((reason.details.documents as Record<string, string> | undefined) ?? {});
  const documents = wanting.map((kind) => meaning("drivers.papers", kind)).join(", ");
  const words = t(key, { ...reason.details, refundable, documents });
  return new ApiError(reason.status, reason.code, words, reason.details, reason.requestId);
};

/** Wait for an answer; throws ApiError with a message in the user's language. */
export const told = async <T>(answer: Promise<T>): Promise<T> => {
  try {
    return await answer;
  } catch (reason) {
    throw retold(reason);
  }
};

const TONES: Record<string, Tone> = {
  requested: "warn",
  assigned: "good",
  arrived: "good",
  in_progress: "good",
  cancelled: "bad",
  expired: "bad",
};

export const toneOf = (state: string): Tone => TONES[state] ?? "plain";
