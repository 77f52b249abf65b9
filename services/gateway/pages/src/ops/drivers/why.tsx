/** Why a driver had few rides in an hour, and what he is told to do about it. */
import { useState } from "preact/hooks";
import { distance } from "../../app/format";
import { get } from "../../app/http";
import { hasText, t } from "../../app/i18n";
import { useResource } from "../../app/resource";
import { Note, Select } from "../../ui/parts";
import { Panel } from "../parts";
import { Awaited } from "../trips/failed";
import { meaning, span, told, toTheMinute } from "../trips/words";
import type { Why } from "./model";

const HOURS = [0, 1, 2, 3, 6, 12, 24];

/** What he did in the hour, what was asked for near him, and what he was offered. */
const sentences = (why: Why): string[] => {
  const { offers, near } = why;
  const answers = (["accepted", "declined", "expired", "withdrawn"] as const)
    .filter((name) => offers[name])
    .map((name) => t(`ops.trips.said.answers.${name}`, { count: offers[name] }));
  return [
    t("ops.drivers.why.worked", { time: span(why.online_s) }),
    why.rides ? t("ops.drivers.why.rode", { count: why.rides, time: span(why.riding_s ?? 0) }) : "",
    near.requests !== null ? t("ops.drivers.why.near", { count: near.requests, within: distance(near.within_m) }) : "",
    near.unmet ? t("ops.drivers.why.unmet", { count: near.unmet }) : "",
    t("ops.drivers.why.looked_at", { count: why.considered }),
    offers.made
      ? t("ops.drivers.why.offers", { count: offers.made, answers: answers.join(", ") })
      : t("ops.drivers.why.no_offers"),
  ].filter(Boolean);
};

const reasonOf = ({ code, count, nearer_s, words: told_words }: Why["reasons"][number]): string => {
  const key = `ops.drivers.why.reasons.${code}`;
  const said = hasText(key) || hasText(`${key}_one`) ? t(key, { count }) : told_words;
  return nearer_s && nearer_s >= 1 ? `${said} ${t("ops.drivers.why.nearer", { time: span(nearer_s) })}` : said;
};

const adviceOf = ({ code, words: told_words, ...values }: Why["advice"][number]): string => {
  const key = `ops.drivers.why.advice.${code}`;
  if (!hasText(key)) return told_words;
  return t(key, {
    requests: values.requests ?? 0,
    distance: values.distance_m === null ? "" : distance(values.distance_m),
    direction: values.direction ? meaning("drivers.why.directions", values.direction) : "",
  });
};

const Told = ({ why }: { why: Why }) => (
  <>
    <p>{sentences(why).join(" ")}</p>
    {why.reasons.length > 0 && (
      <ul class="list">
        {why.reasons.map((reason) => (
          <li key={reason.code} class="row between line">
            <span>{reasonOf(reason)}</span>
            <strong class="number">{reason.count}</strong>
          </li>
        ))}
      </ul>
    )}
    {why.advice.length > 0 && (
      <>
        <h3>{t("ops.drivers.why.told")}</h3>
        <ul class="points">
          {why.advice.map((advice) => (
            <li key={advice.code}>{adviceOf(advice)}</li>
          ))}
        </ul>
      </>
    )}
    {why.missing.length > 0 && (
      <Note kind="warn">
        {t("ops.trips.missing", { parts: why.missing.map((part) => meaning("trips.parts", part)).join(", ") })}
      </Note>
    )}
  </>
);

export const WhyNoRides = ({ id }: { id: string }) => {
  const [back, setBack] = useState(0);
  const found = useResource(() => {
    const until = back ? new Date(Date.now() - back * 3_600_000).toISOString() : null;
    return told(get<Why>(`/v1/ops/drivers/${id}/why-no-rides`, { until }));
  }, [id, back]);
  return (
    <Panel title={t("ops.drivers.why.title")}>
      <Select
        label={t("ops.drivers.why.hour")}
        value={String(back)}
        options={HOURS.map((hours) => [String(hours), t("ops.drivers.why.back", { count: hours })] as const)}
        onChange={(value) => setBack(Number(value))}
      />
      <Awaited of={found} />
      {found.value && (
        <>
          <p class="soft small">
            {toTheMinute(found.value.since)} – {toTheMinute(found.value.until)}
          </p>
          <Told why={found.value} />
        </>
      )}
    </Panel>
  );
};
