/** The rider's map: cars nearby, where from and where to, the route, and his car as it comes. */
import { effect } from "@preact/signals";
import type { Map as MapLibre, Marker } from "maplibre-gl";
import { useCallback } from "preact/hooks";
import type { Point } from "../app/http";
import { t } from "../app/i18n";
import { shade } from "../app/prefs";
import { Cars } from "../map/cars";
import { type City, CityMap, drawLine, type Room, show } from "../map/city-map";
import { cityStyle } from "../map/style";
import { cars, choose, dropoff, moved, pickup, quote, trip, watch } from "./ride";

const LOOKS = {
  light: { free: "#0b6e4f", mine: "#1d4fd8" },
  dark: { free: "#4cc79b", mine: "#8fb0ff" },
} as const;

const colour = () => (shade.value === "dark" ? "#4cc79b" : "#0b6e4f");

const room = (): Room => {
  const wide = innerWidth >= 800;
  const below = document.querySelector(".sheet")?.clientHeight ?? 260;
  return wide
    ? { top: 60, right: 60, bottom: 60, left: 460 }
    : { top: 70, right: 40, bottom: Math.min(below, innerHeight * 0.6) + 30, left: 40 };
};

const pinOf = (kind: "start" | "end"): HTMLElement => {
  const made = document.createElement("div");
  made.className = `pin ${kind}`;
  made.setAttribute("aria-hidden", "true");
  made.textContent = kind === "start" ? "A" : "B";
  return made;
};

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
  const ready = useCallback((map: MapLibre) => {
    const layer = new Cars(map, LOOKS[shade.value], shade.value === "dark" ? "#14161a" : "#ffffff", 1100);
    const pins: Record<"start" | "end", Marker | null> = { start: null, end: null };
    let framed = "";
    let library: typeof import("maplibre-gl") | null = null;

    const place = (kind: "start" | "end", at: Point | undefined) => {
      if (!at || !library) {
        pins[kind]?.remove();
        pins[kind] = null;
        return;
      }
      pins[kind] ??= new library.Marker({ element: pinOf(kind) }).setLngLat([at.lng, at.lat]).addTo(map);
      pins[kind]?.setLngLat([at.lng, at.lat]);
    };

    const frame = (name: string, points: Point[]) => {
      if (framed === name || !points.length) return;
      framed = name;
      // once the sheet has its new height
      setTimeout(() => show(map, points, room()), 60);
    };

    const draw = () => {
      const ride = trip.value;
      const from = ride?.pickup ?? pickup.value?.point;
      const to = ride?.dropoff ?? dropoff.value?.point;
      const route = quote.value?.route ?? [];
      place("start", from);
      place("end", to);
      drawLine(map, "route", route, colour());
      const mine = ride?.driver ? (moved.value?.point ?? ride.driver.position) : null;
      if (ride && mine) {
        const bearing = moved.value?.bearing_deg ?? null;
        layer.set([{ id: "mine", lat: mine.lat, lng: mine.lng, bearing_deg: bearing, look: "mine" }]);
        frame(`${ride.id} ${ride.state}`, ride.state === "in_progress" ? [mine, ride.dropoff] : [mine, ride.pickup]);
      } else {
        const shown = cars.value.filter((car) => car.point);
        const ids = known(shown.map((car) => car.point));
        layer.set(
          shown.map((car, index) => ({
            id: ids[index] ?? "",
            lat: car.point.lat,
            lng: car.point.lng,
            bearing_deg: car.bearing_deg,
            look: "free",
          })),
        );
        if (from && to)
          frame(`${from.lat},${from.lng} ${to.lat},${to.lng} ${quote.value?.id}`, route.length ? route : [from, to]);
      }
    };

    let around = "";
    const look = () => {
      const ride = trip.value;
      const watched = ride ? null : (pickup.value?.point ?? city.centre);
      const name = watched ? `${watched.lat},${watched.lng}` : "none";
      if (name !== around) {
        around = name;
        watch(watched);
      }
    };

    const ends: (() => void)[] = [];
    void import("maplibre-gl").then((loaded) => {
      library = loaded;
      ends.push(effect(draw), effect(look));
    });
    let painted = shade.value;
    ends.push(
      effect(() => {
        const now = shade.value;
        if (now === painted) return;
        painted = now;
        layer.paint(LOOKS[now], now === "dark" ? "#14161a" : "#ffffff");
        map.setStyle(cityStyle(city, now));
        map.once("styledata", draw);
      }),
    );
    return () => {
      for (const end of ends) end();
      layer.stop();
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
