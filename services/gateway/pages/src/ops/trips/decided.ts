/** What dispatch decided about a trip, in words of the operator's language. */
import { t } from "../../app/i18n";
import type { Batch, Considered, Decisions, Wait } from "./model";
import { meaning, span } from "./words";

const ANSWERS = ["accepted", "declined", "expired", "withdrawn"];

const counts = (words: (string | null)[]): [string, number][] => {
  const found = new Map<string, number>();
  for (const word of words) if (word !== null) found.set(word, (found.get(word) ?? 0) + 1);
  return [...found].sort((one, other) => other[1] - one[1]);
};

const list = (parts: string[]): string => parts.join(", ");

/** A record says more after a colon: what `trips` gave as its reason. */
export const whyOf = (dropped: string): string => dropped.split(":")[0] ?? dropped;

/** `12 s` and the like between the first look and the last. */
const lasted_s = (batches: Batch[]): number => {
  const times = batches.map((batch) => Date.parse(batch.batch_at));
  return (Math.max(...times) - Math.min(...times)) / 1000;
};

const looked = (batches: Batch[], drivers: number): string => {
  const looks = t("ops.trips.said.looks", { count: batches.length });
  const over = batches.length > 1 ? t("ops.trips.said.over", { time: span(lasted_s(batches)) }) : "";
  if (!drivers) return t("ops.trips.said.nobody_near", { looks, over });
  const alone = batches.filter((batch) => !batch.considered).length;
  const rest = alone ? ` ${t("ops.trips.said.alone", { count: alone })}` : "";
  return t("ops.trips.said.looked", { count: drivers, looks, over }) + rest;
};

const asked = (offers: Considered[]): string => {
  if (!offers.length) return t("ops.trips.said.nobody_asked");
  const answers = counts(offers.map((offer) => offer.answer ?? "open")).sort(
    (one, other) => ANSWERS.indexOf(other[0]) - ANSWERS.indexOf(one[0]),
  );
  const told = answers.map(([answer, count]) => t(`ops.trips.said.answers.${answer}`, { count }));
  const taken = offers.findLast((offer) => offer.answer === "accepted" && offer.delay_s !== null);
  const after = taken ? t("ops.trips.said.after", { time: span(taken.delay_s ?? 0) }) : "";
  return t("ops.trips.said.asked", { count: offers.length, answers: list(told), after });
};

/** Of those who were never asked, why: what was said of each last. */
const others = (items: Considered[], offers: Considered[]): string => {
  const known = new Set(offers.map((offer) => offer.driver_id));
  const last = new Map<string, Considered>();
  for (const item of items) {
    if (item.dropped === null || known.has(item.driver_id)) continue;
    const before = last.get(item.driver_id);
    if (!before || before.batch_at <= item.batch_at) last.set(item.driver_id, item);
  }
  const reasons = counts([...last.values()].map((item) => whyOf(item.dropped ?? "")));
  if (!reasons.length) return "";
  const told = reasons.map(([why, count]) =>
    t(`ops.trips.said.others.${why}`, { count, defaultValue: `${count} ${why}` }),
  );
  return t("ops.trips.said.not_asked", { reasons: list(told) });
};

const kept = (wait: Wait): string =>
  wait.about_s === null || wait.actual_s === null
    ? ""
    : t("ops.trips.said.kept", {
        about: span(wait.about_s),
        actual: span(wait.actual_s),
        how: meaning("trips.said.ends", wait.how),
      });

const notes = (batches: Batch[]): string[] => {
  const fell = counts(batches.map((batch) => (batch.fallback ? `${batch.policy}|${batch.fallback}` : null)));
  const guessed = batches.filter((batch) => batch.estimated).length;
  return [
    ...fell.map(([pair, count]) => {
      const [policy = "", why = ""] = pair.split("|");
      return t("ops.trips.said.fallback", {
        count,
        policy: meaning("trips.policies", policy),
        why: meaning("trips.said.fallbacks", why),
      });
    }),
    guessed ? t("ops.trips.said.guessed", { count: guessed }) : "",
  ];
};

/** What happened, in a few sentences. */
export const decided = ({ batches, items, waits }: Decisions): string[] => {
  const offers = items
    .filter((item) => item.offer_id !== null)
    .sort((one, other) => one.batch_at.localeCompare(other.batch_at));
  if (!batches.length && !offers.length) return [t("ops.trips.said.no_look")];
  const drivers = new Set(items.map((item) => item.driver_id)).size;
  return [
    batches.length ? looked(batches, drivers) : "",
    asked(offers),
    others(items, offers),
    ...waits.map(kept),
    ...notes(batches),
  ].filter(Boolean);
};
