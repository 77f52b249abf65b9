/** Figures of the live view as they are written. */
import { locale, t } from "../../app/i18n";

/** "0:45", "2:05", "1:02:05". */
export const stopwatch = (ms: number): string => {
  const all = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(all / 3600);
  const minutes = Math.floor((all % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
};

/** "45 s", "2 min 5 s", "1 h 5 min". */
export const wait = (seconds: number): string => {
  const all = Math.max(0, Math.round(seconds));
  if (all < 60) return t("ops.live.wait.s", { s: all });
  if (all < 3600) return t("ops.live.wait.min", { min: Math.floor(all / 60), s: all % 60 });
  return t("ops.live.wait.h", { h: Math.floor(all / 3600), min: Math.floor((all % 3600) / 60) });
};

/** Short forms for the edge of a chart: "1.2K". */
export const compact = (value: number): string =>
  new Intl.NumberFormat(locale.value, { notation: "compact", maximumFractionDigits: 1 }).format(value);

/** The end of a trip's or driver's id, by which people tell them apart. */
export const shortId = (id: string): string => id.slice(-6);
