/** What was clicked on the map, and the way to all that is known of it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { number } from "../../app/format";
import { get } from "../../app/http";
import { t } from "../../app/i18n";
import { surgeText } from "../../app/surge";
import { Button } from "../../ui/parts";
import { Tag, type Tone } from "../parts";
import { href } from "../route";
import { short } from "../trips/words";
import { cityState, type State } from "./city-state";
import { useNow } from "./every";
import { type HeatMap, MEASURES, measured } from "./heat";
import { figure } from "./legend";
import { picked } from "./picked";
import { shortId, wait } from "./words";

const TONES: Record<State, Tone> = {
  free: "good",
  held: "warn",
  to_pickup: "plain",
  at_pickup: "plain",
  riding: "plain",
  silent: "bad",
};

interface Driver {
  name?: string | null;
  rating?: number | null;
  vehicle?: { make: string; model: string; colour: string; plate: string } | null;
  trip?: { id: string } | null;
}

const CarFacts = ({ id }: { id: string }) => {
  const [driver, setDriver] = useState<Driver | null>(null);
  const state = cityState.value?.drivers.find((row) => row[0] === id)?.[4];
  useEffect(() => {
    let left = false;
    // what is not to be had is left out: the car, its state and the way to its driver are known without
    get<Driver>(`/v1/ops/drivers/${id}`).then(
      (found) => !left && setDriver(found),
      () => undefined,
    );
    return () => {
      left = true;
    };
  }, [id, state]);
  const { vehicle } = driver ?? {};
  return (
    <>
      <h2 dir="auto">{driver?.name ?? t("ops.live.card.driver", { id: shortId(id) })}</h2>
      {vehicle && (
        <p class="small soft" dir="auto">
          {vehicle.colour} {vehicle.make} {vehicle.model} · {vehicle.plate}
        </p>
      )}
      <p>
        {state ? <Tag tone={TONES[state]}>{t(`ops.live.state.${state}`)}</Tag> : <Tag>{t("ops.live.card.gone")}</Tag>}
      </p>
      <p class="row wrap">
        <a href={href("drivers", id)}>{t("ops.live.card.open_driver")}</a>
        {driver?.trip && <a href={href("trips", driver.trip.id)}>{t("ops.live.card.open_trip")}</a>}
      </p>
    </>
  );
};

const WaitingFacts = ({ trip_id }: { trip_id: string }) => {
  const now = useNow(1000);
  const row = cityState.value?.waiting.find((each) => each[0] === trip_id);
  return (
    <>
      <h2>{t("ops.live.card.rider", { id: short(trip_id) })}</h2>
      <p class="number">
        {row
          ? t("ops.live.card.waits", { time: wait((now - Date.parse(row[3])) / 1000) })
          : t("ops.live.card.waits_no_more")}
      </p>
      <p>
        <a href={href("trips", trip_id)}>{t("ops.live.card.open_trip")}</a>
      </p>
    </>
  );
};

const SegmentFacts = ({ segment, found }: { segment: string; found: HeatMap | null }) => {
  const properties = found?.features.find((each) => each.properties.segment === segment)?.properties;
  if (!properties) return <p class="small">{t("ops.live.card.segment_gone")}</p>;
  return (
    <>
      <h2>{t("ops.live.card.segment", { id: shortId(segment.replace(/f+$/, "")) })}</h2>
      <dl class="facts small">
        {MEASURES.map((measure) => (
          <div key={measure} class="fact">
            <dt>{t(`ops.live.heat.measure.${measure}`)}</dt>
            <dd class="number">{figure(measured(properties, measure), measure)}</dd>
          </div>
        ))}
        {properties.usual !== null && (
          <div class="fact">
            <dt>{t("ops.live.heat.usual")}</dt>
            <dd class="number">{number(properties.usual, 1)}</dd>
          </div>
        )}
      </dl>
      {properties.surge && properties.surge.multiplier > 1 && <p class="small">{surgeText(properties.surge)}</p>}
    </>
  );
};

export const Card = ({ found }: { found: HeatMap | null }) => {
  const now = picked.value;
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!now) return;
    const leave = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) picked.value = null;
    };
    addEventListener("keydown", leave);
    return () => removeEventListener("keydown", leave);
  }, [now]);
  if (!now) return null;
  return (
    <section ref={place} class="card stack" aria-label={t("ops.live.card.title")} aria-live="off">
      <div class="card-close">
        <Button
          kind="quiet"
          label={t("ui.close")}
          onClick={() => {
            picked.value = null;
          }}
        >
          <span aria-hidden="true">✕</span>
        </Button>
      </div>
      {now.kind === "car" && <CarFacts key={now.id} id={now.id} />}
      {now.kind === "waiting" && <WaitingFacts key={now.trip_id} trip_id={now.trip_id} />}
      {now.kind === "segment" && <SegmentFacts segment={now.segment} found={found} />}
    </section>
  );
};
