/** The way of a ride that is over, on the city's map; as a sketch where no map can be shown. */
import type { Map as MapLibre } from "maplibre-gl";
import { useCallback, useState } from "preact/hooks";
import type { City } from "../app/city";
import type { Point } from "../app/http";
import { t } from "../app/i18n";
import { CityMap, show } from "../map/city-map";
import { type Library, Scene } from "../map/scene";
import { RouteSketch } from "./route-sketch";

const ROOM = { top: 36, right: 36, bottom: 36, left: 36 };

/** Whether this browser can draw a map at all. */
const drawsMaps = (): boolean => {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
};

export const RouteMap = ({ city, line }: { city: City; line: Point[] }) => {
  const [able] = useState(drawsMaps);
  const ready = useCallback((map: MapLibre, library: Library) => {
    const scene = new Scene(map, library, city, 0);
    const draw = () => show(map, line, ROOM, false);
    scene.follow(() => {
      scene.line("driven", line);
      scene.pin("from", "A", "start", line[0]);
      scene.pin("to", "B", "end", line.at(-1));
    });
    draw();
    map.on("resize", draw);
    return () => scene.stop();
  }, []);
  if (!able) return <RouteSketch line={line} />;
  return (
    <div class="route-map" role="img" aria-label={t("history.route")}>
      <CityMap city={city} label={t("map.label", { city: city.name })} onReady={ready} still />
    </div>
  );
};
