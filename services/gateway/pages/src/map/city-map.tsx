/** The map of a city as a component: its style follows the theme; what is drawn on it is given by the page. */
import type { LngLatBoundsLike, Map as MapLibre } from "maplibre-gl";
import { useEffect, useRef, useState } from "preact/hooks";
import type { City } from "../app/city";
import type { Point } from "../app/http";
import { language, t } from "../app/i18n";
import { shade } from "../app/prefs";
import { MissingPart } from "../ui/parts";
import { keepFluent } from "./fluent";
import { cityStyle } from "./style";
import "maplibre-gl/dist/maplibre-gl.css";
import "./map.css";

declare const MAP_WORKER: string;

interface Props {
  city: City;
  label: string;
  onReady: (map: MapLibre, library: typeof import("maplibre-gl")) => undefined | (() => void);
  onPick?: (point: Point) => void;
  /** A picture that nobody moves. */
  still?: boolean;
}

/** Room left around what is shown, for the sheet that covers part of the map. */
export type Room = { top: number; right: number; bottom: number; left: number };

export const show = (map: MapLibre, points: Point[], room: Room, animate = true) => {
  if (!points.length) return;
  const lats = points.map((point) => point.lat);
  const lngs = points.map((point) => point.lng);
  const box: LngLatBoundsLike = [Math.min(...lngs), Math.min(...lats), Math.max(...lngs), Math.max(...lats)];
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  map.fitBounds(box, { padding: room, maxZoom: 16, duration: animate && !calm ? 600 : 0 });
};

/** A line on the map under an id; an empty one takes it away. */
export const drawLine = (map: MapLibre, id: string, line: Point[], colour: string, thick = 5) => {
  const data = {
    type: "Feature" as const,
    properties: {},
    geometry: { type: "LineString" as const, coordinates: line.map((point) => [point.lng, point.lat]) },
  };
  const source = map.getSource(id) as { setData?: (data: unknown) => void } | undefined;
  if (source?.setData) {
    source.setData(data);
    map.setPaintProperty(id, "line-color", colour);
    return;
  }
  map.addSource(id, { type: "geojson", data });
  map.addLayer({
    id,
    type: "line",
    source: id,
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": colour, "line-width": thick, "line-opacity": 0.85 },
  });
};

export const CityMap = ({ city, label, onReady, onPick, still }: Props) => {
  const place = useRef<HTMLDivElement>(null);
  const pick = useRef(onPick);
  pick.current = onPick;
  const [failed, setFailed] = useState<"fetching" | "drawing" | null>(null);
  const [away, setAway] = useState(false);

  /** What MapLibre made says its names in the language of now. */
  const name = () => {
    const names = {
      ".maplibregl-canvas": label,
      ".maplibregl-ctrl-zoom-in": t("map.zoom_in"),
      ".maplibregl-ctrl-zoom-out": t("map.zoom_out"),
    };
    for (const [selector, text] of Object.entries(names)) {
      place.current?.querySelector(selector)?.setAttribute("aria-label", text);
    }
    for (const button of place.current?.querySelectorAll("button[aria-label]") ?? []) {
      button.setAttribute("title", button.getAttribute("aria-label") ?? "");
    }
  };
  useEffect(name, [label, language.value]);

  useEffect(() => {
    let gone = false;
    let map: MapLibre | undefined;
    let leave: undefined | (() => void);
    const area = city.service_area;
    const draw = (library: typeof import("maplibre-gl")) => {
      if (gone || !place.current) return;
      library.setWorkerUrl(MAP_WORKER);
      map = new library.Map({
        container: place.current,
        style: cityStyle(city, shade.value),
        bounds: [area.west, area.south, area.east, area.north],
        fitBoundsOptions: { padding: 24 },
        maxBounds: [area.west - 0.3, area.south - 0.2, area.east + 0.3, area.north + 0.2],
        attributionControl: { compact: false },
        interactive: !still,
        dragRotate: false,
        pitchWithRotate: false,
        touchPitch: false,
        locale: { "Map.Title": label },
      });
      if (!still) {
        map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
        keepFluent(map);
      }
      map.on("error", () => setAway(true));
      map.on("data", (event) => {
        if (event.dataType === "source" && "tile" in event && event.tile && event.source.type !== "geojson")
          setAway(false);
      });
      map.on("click", (event) => pick.current?.({ lat: event.lngLat.lat, lng: event.lngLat.lng }));
      name();
      const ready = map;
      ready.once("load", () => {
        if (!gone) leave = onReady(ready, library);
      });
    };
    import("maplibre-gl").then(
      (library) => {
        try {
          draw(library);
        } catch {
          setFailed("drawing");
        }
      },
      () => setFailed("fetching"),
    );
    return () => {
      gone = true;
      leave?.();
      map?.remove();
    };
  }, [city.id]);

  return (
    <div class="map-frame">
      {still ? <div class="map" ref={place} /> : <div class="map" ref={place} role="application" aria-label={label} />}
      {failed && <div class="map-failed">{failed === "drawing" ? <p>{t("map.failed")}</p> : <MissingPart />}</div>}
      {away && !failed && (
        <p class="map-away" role="status">
          {t("map.away")}
        </p>
      )}
    </div>
  );
};
