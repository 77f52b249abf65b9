/** What a fare, a wait and a busy time say, in the rider's language; the server's own words for what is new to this page. */
import { distance, duration, number } from "../app/format";
import { hasText, t } from "../app/i18n";
import type { FareLine, Option, Waiting } from "../app/trip";

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

/** Why fares are higher than usual, or null when they are not. */
export const surgeText = ({ surge }: Option, language: string): string | null => {
  if (surge.multiplier <= 1) return null;
  const said = t("surge.high_demand", { times: number(surge.multiplier, 1) });
  // the server's own words have the numbers, and are English
  return language === "en" && surge.reason ? `${said} ${surge.reason}` : said;
};

const near = (seconds: number | null | undefined) => (seconds ?? 0) < 30;

/** What is being done for a rider who waits, in one sentence. */
export const waitingText = (state: Waiting | null): string => {
  if (!state) return t("rider.searching_begins");
  const { code, car_in_s } = state;
  if (!code || (!hasText(`waiting.${code}`) && !hasText(`waiting.${code}_other`))) return state.text;
  if (code === "asking" || code === "kept") {
    return near(car_in_s) ? t(`waiting.${code}_near`) : t(`waiting.${code}`, { time: duration(car_in_s ?? 0) });
  }
  return t(`waiting.${code}`, { count: state.cars_near });
};

/** What else is known of the wait. */
export const waitingFacts = (state: Waiting | null): string[] => {
  if (!state) return [];
  const { about_s, came_to_nothing = 0, looking_s } = state;
  const facts = [];
  if (about_s !== null)
    facts.push(about_s < 60 ? t("rider.about_soon") : t("rider.about", { time: duration(about_s) }));
  if (came_to_nothing) facts.push(t("waiting.came_to_nothing", { count: came_to_nothing }));
  if (looking_s != null) facts.push(t("waiting.looking", { time: duration(Math.max(30, looking_s)) }));
  return facts;
};
