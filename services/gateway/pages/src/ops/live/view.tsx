/** The city, live: who drives and who waits, where cars are wanted, and the key figures. */
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { type City, city } from "../../app/city";
import { clock } from "../../app/format";
import { get } from "../../app/http";
import { t } from "../../app/i18n";
import { line } from "../../app/socket";
import { Button, Dialog, Loading, Note, words } from "../../ui/parts";
import { Panel } from "../parts";
import { href, refine, route } from "../route";
import type { ViewProps } from "../sections";
import { short } from "../trips/words";
import { Card } from "./card";
import { cityState, heardAt, unwatched, watchCity } from "./city-state";
import { useEvery, useNow } from "./every";
import { KeyFigures } from "./figures";
import { type HeatMap, MEASURES, type Measure } from "./heat";
import { Heat, SegmentTable, States } from "./legend";
import { LiveMap } from "./live-map";
import { picked } from "./picked";
import { LONG_MS, VERY_LONG_MS } from "./waiters";
import { wait } from "./words";

const HEAT_PAUSE_MS = 15_000;
/** Without news for so long, what is seen is not called live any more. */
const STALE_MS = 5000;
const LONGEST_SHOWN = 8;

const measureOf = (asked: string | null): Measure | null => {
  if (asked === "none") return null;
  return MEASURES.find((name) => name === asked) ?? "requests";
};

/** Tells of when the picture of the city is, if it isn't live. */
const Freshness = ({ zone }: { zone: string }) => {
  const now = useNow(1000);
  const reason = unwatched.value;
  const seen = cityState.value;
  const stale = seen && now - heardAt.value > STALE_MS;
  let text = "";
  if (reason !== null && line.value === "live") text = t("ops.live.unwatched", { why: words(reason) });
  else if (seen?.missing.length)
    text = t("ops.live.missing", { part: seen.missing.map((part) => t(`ops.live.part.${part}`)).join(", ") });
  else if (stale) text = t("ops.live.as_of", { time: clock(seen.at, zone) });
  return (
    <p role="status" class={text ? "freshness" : "unseen"}>
      {text}
    </p>
  );
};

/** Who waits longest, as a list that needs no map. */
const WaitingList = () => {
  const now = useNow(1000);
  const state = cityState.value;
  const rows = (state?.waiting ?? [])
    .map(([trip_id, , , since]) => ({ trip_id, ms: now - Date.parse(since) }))
    .sort((one, other) => other.ms - one.ms);
  return (
    <Panel title={t("ops.live.longest")}>
      {state && rows.length === 0 && <p class="soft small">{t("ops.live.nobody_waits")}</p>}
      <ul class="list">
        {rows.slice(0, LONGEST_SHOWN).map(({ trip_id, ms }) => (
          <li key={trip_id} class="row between waiting-row">
            <a href={href("trips", trip_id)}>{t("ops.live.card.rider", { id: short(trip_id) })}</a>
            <span class={`number ${ms > VERY_LONG_MS ? "failed" : ms > LONG_MS ? "warned" : ""}`}>
              {wait(ms / 1000)}
            </span>
          </li>
        ))}
      </ul>
      {rows.length > LONGEST_SHOWN && (
        <a class="small" href={href("trips", null, { state: "requested" })}>
          {t("ops.live.all_waiting", { count: rows.length })}
        </a>
      )}
    </Panel>
  );
};

const Live = ({ of }: { of: City }) => {
  const measure = measureOf(route.value.query.get("heat"));
  const [table, setTable] = useState(false);
  const heat = useEvery(
    HEAT_PAUSE_MS,
    measure || table ? (signal) => get<HeatMap>("/v1/ops/demand", { city: of.id }, signal) : null,
    [of.id, measure !== null || table],
  );
  const heatSignal = useSignal<HeatMap | null>(null);
  const measureSignal = useSignal<Measure | null>(measure);
  heatSignal.value = heat.value;
  measureSignal.value = measure;

  useEffect(() => {
    picked.value = null;
    return watchCity(of.id);
  }, [of.id]);

  const nobody = cityState.value?.drivers.length === 0 && cityState.value.waiting.length === 0;
  return (
    <div class="live">
      <h1 class="unseen">{t("ops.live.title", { city: of.name })}</h1>
      <div class="live-map">
        <LiveMap city={of} heat={heatSignal} measure={measureSignal} />
        <Freshness zone={of.time_zone} />
        <Card found={heat.value} />
      </div>
      <div class="legend panel stack">
        <States />
        {nobody && <p class="soft small">{t("ops.live.nobody")}</p>}
        <Heat
          found={heat.value}
          measure={measure}
          onMeasure={(wanted) => refine({ heat: wanted === "requests" ? null : (wanted ?? "none") })}
        />
        {heat.failure !== null && <p class="small warned">{t("ops.live.heat.failed", { why: words(heat.failure) })}</p>}
        {heat.value?.missing.map(({ part }) => (
          <p key={part} class="small warned">
            {t("ops.live.missing", { part: t(`ops.live.part.${part}`, { defaultValue: part }) })}
          </p>
        ))}
        <Button onClick={() => setTable(true)}>{t("ops.live.heat.as_table")}</Button>
      </div>
      <div class="live-figures">
        <KeyFigures city={of} />
        <WaitingList />
      </div>
      {table && (
        <Dialog title={t("ops.live.heat.title")} onClose={() => setTable(false)}>
          {heat.value ? (
            <SegmentTable found={heat.value} measure={measure ?? "requests"} />
          ) : heat.failure !== null ? (
            <Note kind="bad">{words(heat.failure)}</Note>
          ) : (
            <Loading />
          )}
        </Dialog>
      )}
    </div>
  );
};

export const LiveView = (_: ViewProps) => (city.value ? <Live key={city.value.id} of={city.value} /> : <Loading />);
