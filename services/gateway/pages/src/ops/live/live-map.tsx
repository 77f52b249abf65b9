/** The map of the live view: cars by state, riders who wait, and under them the segments. */
import { effect, type ReadonlySignal } from "@preact/signals";
import type { Map as MapLibre } from "maplibre-gl";
import { useCallback } from "preact/hooks";
import type { City } from "../../app/city";
import { t } from "../../app/i18n";
import { shade } from "../../app/prefs";
import type { Car } from "../../map/cars";
import { CityMap } from "../../map/city-map";
import { type Library, Scene } from "../../map/scene";
import { type CityState, cityState } from "./city-state";
import { drawHeat, type HeatMap, type Measure, segmentAt } from "./heat";
import { picked, shownStates, waitersShown } from "./picked";
import { type Paints, Waiters } from "./waiters";

/** A little more than the time between two pictures of the city, so that cars don't stop between them. */
const GLIDE_MS = 1100;
const SECOND_MS = 1000;

/** Room for the legend, where it lies over the map. */
const room = (map: MapLibre) => {
  const legend = document.querySelector(".live .legend")?.getBoundingClientRect();
  const place = map.getContainer().getBoundingClientRect();
  const over = legend && legend.top < place.bottom ? legend.right - place.left : 0;
  return { top: 24, right: 24, bottom: 24, left: 24 + Math.max(0, over) };
};

function* carsOf(state: CityState | null): Generator<Car> {
  if (!state) return;
  const wanted = shownStates.value;
  for (const [id, lat, lng, bearing_deg, look] of state.drivers)
    if (wanted.has(look)) yield { id, lat, lng, bearing_deg, look };
}

const waitersOf = (state: CityState | null) =>
  state && waitersShown.value
    ? state.waiting.map(([trip_id, lat, lng, since]) => ({ trip_id, lat, lng, since_ms: Date.parse(since) }))
    : [];

const paints = (): Paints => {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return { face: token("--surface"), text: token("--text"), warn: token("--warn"), bad: token("--bad") };
};

interface Props {
  city: City;
  heat: ReadonlySignal<HeatMap | null>;
  measure: ReadonlySignal<Measure | null>;
}

export const LiveMap = ({ city, heat, measure }: Props) => {
  const ready = useCallback((map: MapLibre, library: Library) => {
    const scene = new Scene(map, library, city, GLIDE_MS);
    const waiters = new Waiters(map, paints());
    const { west, south, east, north } = city.service_area;
    map.fitBounds([west, south, east, north], { padding: room(map), duration: 0 });
    const ticking = setInterval(waiters.draw, SECOND_MS);
    scene.follow(() => drawHeat(map, heat.value, measure.value));
    const ends = [
      effect(() => scene.cars.set(carsOf(cityState.value))),
      effect(() => waiters.set(waitersOf(cityState.value))),
      effect(() => {
        void shade.value;
        waiters.paint(paints());
      }),
      effect(() => {
        const now = picked.value;
        scene.cars.ring(now?.kind === "car" ? now.id : null);
        waiters.ring(now?.kind === "waiting" ? now.trip_id : null);
      }),
    ];
    map.on("click", ({ point: { x, y } }) => {
      const trip_id = waiters.near(x, y);
      const id = scene.cars.near(x, y);
      const segment = segmentAt(map, x, y);
      if (trip_id) picked.value = { kind: "waiting", trip_id };
      else if (id) picked.value = { kind: "car", id };
      else picked.value = segment ? { kind: "segment", segment } : null;
    });
    map.on("mousemove", ({ point: { x, y } }) => {
      if (map.isMoving()) return;
      map.getCanvas().style.cursor = waiters.near(x, y) || scene.cars.near(x, y) ? "pointer" : "";
    });
    return () => {
      clearInterval(ticking);
      for (const end of ends) end();
      waiters.stop();
      scene.stop();
    };
  }, []);
  return <CityMap city={city} label={t("map.label", { city: city.name })} onReady={ready} />;
};
