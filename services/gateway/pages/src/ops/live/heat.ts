/** Demand and supply by segment: classes, their colours, and how they lie on the map. */
import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { shade } from "../../app/prefs";
import type { Surge } from "../../app/surge";
import { COLOURS } from "../../map/style";

export const MEASURES = ["requests", "unmet", "free", "busy", "forecast", "surge"] as const;
export type Measure = (typeof MEASURES)[number];

export interface Segment {
  segment: string;
  requests: number | null;
  unmet: number | null;
  free: number | null;
  busy: number | null;
  forecast: number | null;
  usual: number | null;
  surge: Surge | null;
}

export interface HeatMap {
  features: { type: "Feature"; id: string; geometry: object; properties: Segment }[];
  missing: { part: string; code: string }[];
}

/** What a segment has of a measure; null while it is not known. */
export const measured = (segment: Segment, measure: Measure): number | null =>
  measure === "surge" ? (segment.surge?.multiplier ?? null) : segment[measure];

const CLASSES = 5;

/** Below it nothing is coloured: no surge is a factor of one. */
const nothing = (measure: Measure) => (measure === "surge" ? 1 : 0);

/** What is between two values that differ: whole numbers, or tenths and hundredths. */
const grain = (measure: Measure) => (measure === "surge" ? 0.01 : measure === "forecast" ? 0.1 : 1);

/** The highest value of each class, lowest class first; fewer than five where that is enough. */
export const classesOf = (values: (number | null)[], measure: Measure): number[] => {
  const step = grain(measure);
  const floor = nothing(measure);
  const most = Math.max(floor, ...values.map((value) => value ?? floor));
  const count = Math.min(CLASSES, Math.round((most - floor) / step));
  const ends: number[] = [];
  for (let n = 1; n <= count; n++) {
    const end = floor + Math.round(((most - floor) * n) / count / step) * step;
    ends.push(Number(end.toFixed(2)));
  }
  return ends;
};

/** Which class a value is in; -1 for nothing. */
export const classOf = (value: number | null, ends: number[], measure: Measure): number =>
  value === null || value < nothing(measure) + grain(measure) / 2
    ? -1
    : ends.findIndex((end) => value <= end + grain(measure) / 2);

/** From the first to the last value of each class. */
export const spans = (ends: number[], measure: Measure): [from: number, to: number][] =>
  ends.map((end, n) => [Number(((ends[n - 1] ?? nothing(measure)) + grain(measure)).toFixed(2)), end]);

/** The colours of so many classes, spread over the whole scale. */
export const colours = (count: number): string[] => {
  const { heat } = COLOURS[shade.value];
  return Array.from({ length: count }, (_, n) => {
    const place = count === 1 ? (heat.length - 1) / 2 : (n * (heat.length - 1)) / (count - 1);
    return heat[Math.round(place)] as string;
  });
};

const SOURCE = "heat";
/** What lies over the segments: names stay readable. */
const ABOVE = "street-names";

/** Lay the segments under the names of streets; no measure takes them away. */
export const drawHeat = (map: MapLibre, found: HeatMap | null, measure: Measure | null) => {
  const features = (measure && found?.features) || [];
  const ends = measure
    ? classesOf(
        features.map((each) => measured(each.properties, measure)),
        measure,
      )
    : [];
  const paint = colours(ends.length);
  const data = {
    type: "FeatureCollection",
    features: features.map(({ type, geometry, properties }) => {
      const place = measure ? classOf(measured(properties, measure), ends, measure) : -1;
      return { type, geometry, properties: { segment: properties.segment, colour: paint[place] ?? "#00000000" } };
    }),
  };
  const source = map.getSource<GeoJSONSource>(SOURCE);
  if (source) {
    source.setData(data as never);
    return;
  }
  if (!features.length) return;
  map.addSource(SOURCE, { type: "geojson", data: data as never });
  const below = map.getLayer(ABOVE) ? ABOVE : undefined;
  const edge = shade.value === "dark" ? "#aab0bd" : "#5b5f69";
  map.addLayer(
    { id: "heat-fill", type: "fill", source: SOURCE, paint: { "fill-color": ["get", "colour"], "fill-opacity": 0.62 } },
    below,
  );
  map.addLayer(
    {
      id: "heat-edge",
      type: "line",
      source: SOURCE,
      paint: { "line-color": edge, "line-width": 0.8, "line-opacity": 0.5 },
    },
    below,
  );
};

/** The segment at a point of the screen. */
export const segmentAt = (map: MapLibre, x: number, y: number): string | null => {
  if (!map.getLayer("heat-fill")) return null;
  const found = map.queryRenderedFeatures([x, y], { layers: ["heat-fill"] })[0];
  return (found?.properties.segment as string | undefined) ?? null;
};
