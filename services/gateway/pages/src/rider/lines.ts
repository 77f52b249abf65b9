/** What a wait says, in the rider's language. */
import { duration } from "../app/format";
import { hasText, t } from "../app/i18n";
import type { Waiting } from "../app/trip";

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
