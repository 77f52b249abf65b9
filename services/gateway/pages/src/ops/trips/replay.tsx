/** The way of a trip on the map, and the drive played again: play, pause, faster, to any moment. */
import { effect, type Signal, useSignal } from "@preact/signals";
import type { Map as MapLibre } from "maplibre-gl";
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import { cities, city } from "../../app/city";
import { distance } from "../../app/format";
import { get, type Point } from "../../app/http";
import { t } from "../../app/i18n";
import { shade } from "../../app/prefs";
import { CityMap, drawLine, show } from "../../map/city-map";
import { type Library, Scene } from "../../map/scene";
import { COLOURS } from "../../map/style";
import { Button, Note, Select } from "../../ui/parts";
import { Drive } from "./clock";
import type { OpsTrip, Trace } from "./model";
import { kmh, told, toTheSecond } from "./words";

/** A car is put where it is: what moves it is the time that is played. */
const AT_ONCE_MS = 1;
const ROOM = { top: 45, right: 45, bottom: 45, left: 45 };
const SPEEDS = [1, 5, 20, 60];

/** What is drawn: signals, since a map lives longer than a rendering. */
interface Drawn {
  trip: Signal<OpsTrip>;
  trace: Signal<Trace | null>;
  drive: Signal<Drive | null>;
  time: Signal<number>;
}

/** The drive to the pickup, and the one with the rider: matched to the roads if it was. */
const ways = (trip: OpsTrip, trace: Trace | null, drive: Drive | null): { coming: Point[]; riding: Point[] } => {
  if (!trace || !drive) return { coming: [], riding: [] };
  const aboard = trip.started_at ? Date.parse(trip.started_at) : Number.POSITIVE_INFINITY;
  const matched = trace.matched_route?.length ? trace.matched_route : null;
  return {
    coming: drive.between(drive.begins, aboard),
    riding: matched ?? drive.between(aboard, drive.ends),
  };
};

const WayMap = ({ drawn, trip }: { drawn: Drawn; trip: OpsTrip }) => {
  const place = cities.value.find((each) => each.id === trip.city) ?? city.value;
  const ready = useCallback((map: MapLibre, library: Library) => {
    if (!place) return;
    const scene = new Scene(map, library, place, AT_ONCE_MS);
    let framed: unknown = null;
    scene.follow(() => {
      const { pickup, dropoff } = drawn.trip.value;
      const { coming, riding } = ways(drawn.trip.value, drawn.trace.value, drawn.drive.value);
      const paints = COLOURS[shade.value];
      drawLine(map, "coming", coming, paints.cars.mine ?? paints.route, 3);
      drawLine(map, "riding", riding, paints.route, 5);
      scene.pin("from", "A", "start", pickup);
      scene.pin("to", "B", "end", dropoff);
      if (framed !== drawn.drive.value || framed === null) {
        show(map, [pickup, dropoff, ...coming, ...riding], ROOM, framed !== null);
        framed = drawn.drive.value ?? "trip";
      }
    });
    const moving = effect(() => {
      const drive = drawn.drive.value;
      const live = drawn.trip.value.driver?.position as (Point & { bearing_deg?: number | null }) | null | undefined;
      const spot = drive ? drive.at(drawn.time.value) : live && { point: live, bearing_deg: live.bearing_deg ?? null };
      scene.cars.set(spot ? [{ id: "car", ...spot.point, bearing_deg: spot.bearing_deg, look: "mine" }] : []);
    });
    return () => {
      moving();
      scene.stop();
    };
  }, []);
  if (!place) return null;
  return (
    <div class="map-box">
      <CityMap city={place} label={t("map.label", { city: place.name })} onReady={ready} />
    </div>
  );
};

const STEPS = ["assigned_at", "arrived_at", "started_at", "completed_at", "cancelled_at"] as const;

/** What the car was doing at a moment. */
const phaseOf = (trip: OpsTrip, time: number): string => {
  const past = (at: string | null) => at !== null && Date.parse(at) <= time;
  if (past(trip.completed_at) || past(trip.cancelled_at)) return "over";
  if (past(trip.started_at)) return "riding";
  return past(trip.arrived_at) ? "waiting" : "coming";
};

/** What turns while it plays. */
const usePlaying = (drive: Drive, time: Signal<number>, playing: Signal<boolean>, speed: Signal<number>) => {
  useEffect(() => {
    if (!playing.value) return;
    let frame = 0;
    let last = performance.now();
    const step = (now: number) => {
      const next = time.peek() + (now - last) * speed.peek();
      last = now;
      time.value = Math.min(drive.ends, next);
      if (next >= drive.ends) playing.value = false;
      else frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [drive, playing.value]);
};

const Player = ({ trip, drive, time }: { trip: OpsTrip; drive: Drive; time: Signal<number> }) => {
  const playing = useSignal(false);
  const speed = useSignal(5);
  usePlaying(drive, time, playing, speed);
  const box = useRef<HTMLDivElement>(null);
  // it comes in the place of the button that was pressed, and takes the focus from it
  useEffect(() => box.current?.querySelector("button")?.focus({ preventScroll: true }), []);
  const play = () => {
    if (time.value >= drive.ends) time.value = drive.begins;
    playing.value = !playing.value;
  };
  const spot = drive.at(time.value);
  const clock = toTheSecond(time.value, trip.city);
  const phase = t(`ops.trips.phases.${spot.silent ? "silent" : phaseOf(trip, time.value)}`);
  const known = STEPS.map((name) => [name, trip[name]] as const).filter(
    (each): each is [(typeof STEPS)[number], string] =>
      each[1] !== null && Date.parse(each[1]) >= drive.begins - 1000 && Date.parse(each[1]) <= drive.ends + 1000,
  );
  return (
    <div ref={box} class="stack" role="group" aria-label={t("ops.trips.player")}>
      <div class="row wrap">
        <Button kind="first" onClick={play}>
          <span aria-hidden="true">{playing.value ? "❚❚" : "▶"}</span>
          {t(playing.value ? "ops.trips.pause" : "ops.trips.play")}
        </Button>
        <div class="speed">
          <Select
            label={t("ops.trips.speed")}
            value={String(speed.value)}
            options={SPEEDS.map((each) => [String(each), `${each}×`] as const)}
            onChange={(value) => {
              speed.value = Number(value);
            }}
          />
        </div>
        <p class="number grow clock">
          <strong>{clock}</strong>
          <span class="soft small block">
            {phase}
            {spot.speed_mps !== null && ` · ${kmh(spot.speed_mps)}`}
          </span>
        </p>
      </div>
      <input
        class="scrubber"
        type="range"
        min={0}
        max={drive.ends - drive.begins}
        step={1000}
        value={time.value - drive.begins}
        aria-label={t("ops.trips.moment")}
        aria-valuetext={`${clock}, ${phase}`}
        onInput={(event) => {
          time.value = drive.begins + Number(event.currentTarget.value);
        }}
      />
      <div class="row wrap" role="group" aria-label={t("ops.trips.go_to")}>
        {known.map(([name, at]) => (
          <Button
            key={name}
            onClick={() => {
              time.value = Math.min(drive.ends, Math.max(drive.begins, Date.parse(at)));
            }}
          >
            {t(`ops.trips.steps.${name}`)}
          </Button>
        ))}
      </div>
    </div>
  );
};

/** What must be known to judge the picture: what is missing in it, and what was left out. */
const Doubts = ({ trace }: { trace: Trace }) => {
  const marked = Object.values(trace.marked ?? {}).reduce((sum, count) => sum + count, 0);
  const lines = [
    trace.coarsened && t("ops.trips.coarsened"),
    !trace.complete && t("ops.trips.incomplete"),
    trace.gaps.length > 0 && t("ops.trips.gaps", { count: trace.gaps.length }),
    marked > 0 && t("ops.trips.marked", { count: marked }),
  ].filter(Boolean);
  return (
    <>
      {lines.map((line) => (
        <p key={line} class="soft small">
          {line}
        </p>
      ))}
    </>
  );
};

const Legend = ({ trace }: { trace: Trace }) => (
  <ul class="ways small">
    <li>
      <span class="stroke coming" aria-hidden="true" /> {t("ops.trips.legend.coming")}
    </li>
    <li>
      <span class="stroke riding" aria-hidden="true" />{" "}
      {t(trace.matched_route?.length ? "ops.trips.legend.matched" : "ops.trips.legend.reported")}
      {trace.distance_m !== null && ` · ${distance(trace.distance_m)}`}
    </li>
  </ul>
);

export const Way = ({ trip }: { trip: OpsTrip }) => {
  const shown = useSignal(trip);
  const trace = useSignal<Trace | null>(null);
  const drive = useSignal<Drive | null>(null);
  const time = useSignal(0);
  const drawn = useMemo(() => ({ trip: shown, trace, drive, time }), []);
  useEffect(() => {
    shown.value = trip;
  }, [trip]);
  const read = async () => {
    const found = await told(get<Trace>(`/v1/trips/${trip.id}/trace`));
    const next = found.points.length > 0 ? new Drive(found) : null;
    trace.value = found;
    drive.value = next;
    time.value = next?.begins ?? 0;
  };
  return (
    <>
      <WayMap drawn={drawn} trip={trip} />
      {!trace.value && trip.driver_id && (
        <div class="stack">
          <div>
            <Button kind="first" onClick={read}>
              {t("ops.trips.read_trace")}
            </Button>
          </div>
          <p class="soft small">{t("ops.trips.recorded")}</p>
        </div>
      )}
      {!trip.driver_id && <p class="soft small">{t("ops.trips.no_way")}</p>}
      {trace.value && !drive.value && <Note>{t("ops.trips.no_positions")}</Note>}
      {trace.value && drive.value && (
        <>
          <Player trip={trip} drive={drive.value} time={time} />
          <Legend trace={trace.value} />
          <Doubts trace={trace.value} />
        </>
      )}
    </>
  );
};
