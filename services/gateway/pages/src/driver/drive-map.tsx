/** The driver's map: his car, the way, where he is wanted, where rides are expected. */
import type { Map as MapLibre } from "maplibre-gl";
import { useCallback } from "preact/hooks";
import type { City } from "../app/city";
import type { Point } from "../app/http";
import { t } from "../app/i18n";
import { OVER } from "../app/trip";
import { CityMap } from "../map/city-map";
import { type Library, Scene } from "../map/scene";
import { here, putAt, source } from "./position";
import { hint, offer, trip, way } from "./work";

const TOLD_MS = 1000;

export const DriveMap = ({ city }: { city: City }) => {
  const ready = useCallback((map: MapLibre, library: Library) => {
    const scene = new Scene(map, library, city, TOLD_MS);
    scene.follow(() => {
      const ride = trip.value && !OVER.has(trip.value.state) ? trip.value : null;
      const made = offer.value;
      const aboard = ride?.state === "in_progress";
      scene.pin("from", "A", "start", made?.pickup ?? (aboard ? undefined : ride?.pickup));
      scene.pin("to", "B", "end", made?.dropoff ?? ride?.dropoff);
      scene.pin("hint", "€", "start", ride || made ? undefined : hint.value?.point);
      scene.line("way", ride ? (way.value?.line ?? []) : []);
      const now = here.value;
      scene.cars.set(now ? [{ id: "mine", ...now, look: "mine" }] : []);
      if (made) scene.frame(made.offer_id, [now, made.pickup, made.dropoff]);
      else if (ride) scene.frame(`${ride.id} ${ride.state}`, [now, aboard ? ride.dropoff : ride.pickup]);
    });
    return () => scene.stop();
  }, []);

  const pick = (point: Point) => {
    if (source.value !== "device") putAt(point);
  };

  return <CityMap city={city} label={t("map.label", { city: city.name })} onReady={ready} onPick={pick} />;
};
