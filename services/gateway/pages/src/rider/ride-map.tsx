/** The rider's map: cars nearby, where from and where to, the route, and his car as it comes. */
import { effect } from "@preact/signals";
import type { Map as MapLibre } from "maplibre-gl";
import { useCallback } from "preact/hooks";
import type { City } from "../app/city";
import type { Point } from "../app/http";
import { t } from "../app/i18n";
import { CityMap } from "../map/city-map";
import { type Library, Scene } from "../map/scene";
import { cars, choose, dropoff, moved, pickup, quote, trip, watch } from "./ride";

const HEARD_MS = 1100;

/** Which cars are whose: those nearby have no names, so one is told from another by where it was before. */
const known = (() => {
  let last: { id: string; point: Point }[] = [];
  let count = 0;
  return (points: Point[]): string[] => {
    const free = new Set(last);
    const next = points.map((point) => {
      let best: { id: string; point: Point } | undefined;
      let least = 0.003;
      for (const each of free) {
        const away = Math.abs(each.point.lat - point.lat) + Math.abs(each.point.lng - point.lng) / 2;
        if (away < least) [best, least] = [each, away];
      }
      if (best) free.delete(best);
      else count += 1;
      return { id: best?.id ?? `car-${count}`, point };
    });
    last = next;
    return next.map((each) => each.id);
  };
})();

export const RideMap = ({ city }: { city: City }) => {
  const ready = useCallback((map: MapLibre, library: Library) => {
    const scene = new Scene(map, library, city, HEARD_MS);

    const drawRide = (from: Point, to: Point, mine: Point, name: string, aboard: boolean) => {
      const bearing_deg = moved.value?.bearing_deg ?? null;
      scene.cars.set([{ id: "mine", lat: mine.lat, lng: mine.lng, bearing_deg, look: "mine" }]);
      scene.frame(name, [mine, aboard ? to : from]);
    };

    const drawNearby = () => {
      const ids = known(cars.value.map((car) => car.point));
      scene.cars.set(
        cars.value.map(({ point, bearing_deg }, index) => ({
          id: ids[index] ?? "",
          lat: point.lat,
          lng: point.lng,
          bearing_deg,
          look: "free",
        })),
      );
    };

    scene.follow(() => {
      const ride = trip.value;
      const from = ride?.pickup ?? pickup.value?.point;
      const to = ride?.dropoff ?? dropoff.value?.point;
      const route = quote.value?.route ?? [];
      scene.pin("from", "A", "start", from);
      scene.pin("to", "B", "end", to);
      scene.line("route", route);
      const mine = ride?.driver ? (moved.value?.point ?? ride.driver.position) : null;
      if (ride && mine) {
        drawRide(ride.pickup, ride.dropoff, mine, `${ride.id} ${ride.state}`, ride.state === "in_progress");
        return;
      }
      drawNearby();
      if (from && to) {
        const name = `${from.lat},${from.lng} ${to.lat},${to.lng} ${quote.value?.id}`;
        scene.frame(name, route.length ? route : [from, to]);
      }
    });

    let around = "";
    const still = effect(() => {
      const watched = trip.value ? null : (pickup.value?.point ?? city.centre);
      const name = watched ? `${watched.lat},${watched.lng}` : "none";
      if (name !== around) {
        around = name;
        watch(watched);
      }
    });
    return () => {
      still();
      scene.stop();
      watch(null);
    };
  }, []);

  const pick = (point: Point) => {
    if (trip.value) return;
    const place = { name: t("rider.point_on_map"), point };
    void choose(pickup.value ? "dropoff" : "pickup", place);
  };

  return <CityMap city={city} label={t("map.label", { city: city.name })} onReady={ready} onPick={pick} />;
};
