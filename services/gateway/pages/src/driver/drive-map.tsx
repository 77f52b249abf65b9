/** The driver's map: his car, the way, where he is wanted, where rides are expected. */
import { effect } from "@preact/signals";
import type { Map as MapLibre, Marker } from "maplibre-gl";
import { useCallback } from "preact/hooks";
import type { Point } from "../app/http";
import { t } from "../app/i18n";
import { shade } from "../app/prefs";
import { Cars } from "../map/cars";
import { type City, CityMap, drawLine, type Room, show } from "../map/city-map";
import { cityStyle } from "../map/style";
import { OVER } from "../rider/ride";
import { here, putAt, source } from "./position";
import { hint, offer, trip, way } from "./work";

const LOOKS = { light: { mine: "#1d4fd8" }, dark: { mine: "#8fb0ff" } } as const;
const edge = () => (shade.value === "dark" ? "#14161a" : "#ffffff");
const colour = () => (shade.value === "dark" ? "#4cc79b" : "#0b6e4f");

const room = (): Room => {
  const below = document.querySelector(".sheet")?.clientHeight ?? 260;
  return innerWidth >= 800
    ? { top: 60, right: 60, bottom: 60, left: 460 }
    : { top: 70, right: 40, bottom: Math.min(below, innerHeight * 0.6) + 30, left: 40 };
};

const pinOf = (letter: string, kind: string): HTMLElement => {
  const made = document.createElement("div");
  made.className = `pin ${kind}`;
  made.setAttribute("aria-hidden", "true");
  made.textContent = letter;
  return made;
};

export const DriveMap = ({ city }: { city: City }) => {
  const ready = useCallback((map: MapLibre) => {
    const layer = new Cars(map, LOOKS[shade.value], edge(), 1000);
    const pins: Record<string, Marker | null> = {};
    let library: typeof import("maplibre-gl") | null = null;
    let framed = "";

    const place = (name: string, letter: string, kind: string, at: Point | undefined) => {
      if (!at || !library) {
        pins[name]?.remove();
        pins[name] = null;
        return;
      }
      pins[name] ??= new library.Marker({ element: pinOf(letter, kind) }).setLngLat([at.lng, at.lat]).addTo(map);
      pins[name]?.setLngLat([at.lng, at.lat]);
    };

    const frame = (name: string, points: (Point | null | undefined)[]) => {
      const known = points.filter((point): point is Point => !!point);
      if (framed === name || !known.length) return;
      framed = name;
      setTimeout(() => show(map, known, room()), 60);
    };

    const draw = () => {
      const ride = trip.value && !OVER.has(trip.value.state) ? trip.value : null;
      const made = offer.value;
      const from = made?.pickup ?? (ride && ride.state !== "in_progress" ? ride.pickup : undefined);
      const to = made?.dropoff ?? ride?.dropoff;
      place("from", "A", "start", from);
      place("to", "B", "end", to);
      place("hint", "€", "start", !ride && !made ? hint.value?.point : undefined);
      drawLine(map, "way", ride ? (way.value?.line ?? []) : [], colour());
      const now = here.value;
      layer.set(now ? [{ id: "mine", lat: now.lat, lng: now.lng, bearing_deg: now.bearing_deg, look: "mine" }] : []);
      if (made) frame(made.offer_id, [now, made.pickup, made.dropoff]);
      else if (ride)
        frame(`${ride.id} ${ride.state}`, [now, ride.state === "in_progress" ? ride.dropoff : ride.pickup]);
    };

    const ends: (() => void)[] = [];
    void import("maplibre-gl").then((loaded) => {
      library = loaded;
      ends.push(effect(draw));
    });
    let painted = shade.value;
    ends.push(
      effect(() => {
        const now = shade.value;
        if (now === painted) return;
        painted = now;
        layer.paint(LOOKS[now], edge());
        map.setStyle(cityStyle(city, now));
        map.once("styledata", draw);
      }),
    );
    return () => {
      for (const end of ends) end();
      layer.stop();
    };
  }, []);

  const pick = (point: Point) => {
    if (source.value !== "device") putAt(point);
  };

  return <CityMap city={city} label={t("map.label", { city: city.name })} onReady={ready} onPick={pick} />;
};
