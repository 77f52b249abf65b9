/** What the lines of a fare or a receipt say, in the person's language; the server's own words for what is new to the page. */
import { distance, duration } from "./format";
import { hasText, t } from "./i18n";
import type { FareLine } from "./trip";

const MEASURED: Record<string, [string, string]> = {
  new_destination: ["distance_m", "quoted_m"],
  longer_way: ["driven_m", "quoted_m"],
  shorter_way: ["driven_m", "quoted_m"],
  more_time: ["driven_s", "quoted_s"],
  less_time: ["driven_s", "quoted_s"],
};
/** Lines whose label names something of the city's own: a bridge, a district. */
const NAMED = new Set(["toll", "zone"]);

const measured = (name: string, value: number): string => (name.endsWith("_m") ? distance(value) : minutes(value));

/** A length of time: "less than 30 s" is no "now" here. */
const minutes = (seconds: number): string =>
  seconds < 60 ? t("time.seconds", { count: Math.round(seconds) }) : duration(seconds);

/** The text of one line of a fare or a receipt. */
export const lineText = ({ code, label, values }: FareLine): string => {
  const names = MEASURED[code];
  if (names) {
    const [now, before] = names.map((name) => values?.[name]);
    if (now === undefined || before === undefined) return label;
    return t(`line.${code}`, { now: measured(names[0], now), before: measured(names[1], before) });
  }
  if (NAMED.has(code) || !hasText(`line.${code}`)) return label;
  const paid = code === "waiting" ? values?.paid_s : undefined;
  return paid === undefined ? t(`line.${code}`) : `${t("line.waiting")} (${minutes(paid)})`;
};
