/** How a city's vectors look, by day and by night. No fonts or pictures are fetched: names are drawn by the browser. */
import type { LayerSpecification, StyleSpecification } from "maplibre-gl";

export type Shade = "light" | "dark";

interface Over {
  /** By what a car is: somebody's own, or the state of its driver. */
  cars: Record<string, string>;
  edge: string;
  route: string;
  /** From little to much of something. */
  heat: readonly string[];
}

/** Of what is drawn over the map. */
export const COLOURS: Record<Shade, Over> = {
  light: {
    cars: {
      mine: "#1d4fd8",
      free: "#0b6e4f",
      held: "#b05500",
      to_pickup: "#1d4fd8",
      at_pickup: "#8a2be2",
      riding: "#1d1f24",
      silent: "#767c87",
    },
    edge: "#ffffff",
    route: "#0b6e4f",
    heat: ["#fde9b8", "#f8c66d", "#ee9636", "#d0611a", "#95300f"],
  },
  dark: {
    cars: {
      mine: "#8fb0ff",
      free: "#4cc79b",
      held: "#ffb454",
      to_pickup: "#8fb0ff",
      at_pickup: "#d7a6ff",
      riding: "#eceef2",
      silent: "#7f8693",
    },
    edge: "#14161a",
    route: "#4cc79b",
    heat: ["#4a3416", "#7a4d16", "#ad6a17", "#df8f2c", "#ffc765"],
  },
};

interface Paints {
  land: string;
  water: string;
  green: string;
  building: string;
  edge: string;
  casing: string;
  road: string;
  main: string;
  path: string;
  rail: string;
  text: string;
  halo: string;
}

const PAINTS: Record<Shade, Paints> = {
  light: {
    land: "#f4f2ee",
    water: "#b5d5e8",
    green: "#d9e8cf",
    building: "#e6e1d8",
    edge: "#d5cec2",
    casing: "#d3ccc0",
    road: "#ffffff",
    main: "#fbe7b8",
    path: "#dcd6cb",
    rail: "#c2bfc6",
    text: "#4b4740",
    halo: "#ffffff",
  },
  dark: {
    land: "#1b1e24",
    water: "#16303f",
    green: "#1f2b24",
    building: "#262a32",
    edge: "#303540",
    casing: "#14161a",
    road: "#3a404c",
    main: "#5a5138",
    path: "#2c313b",
    rail: "#444a57",
    text: "#c3c7d0",
    halo: "#14161a",
  },
};

/** MapLibre draws names itself in the fonts of the system, so that scripts of all cities are there. */
const FONT = ["system-ui, sans-serif"];

const width = (thin: number, thick: number) =>
  ["interpolate", ["exponential", 1.7], ["zoom"], 10, thin, 17, thick] as unknown as number;

const layers = (paints: Paints): LayerSpecification[] => {
  const of = (layer: string) => ({ source: "city", "source-layer": layer });
  const classes = (...names: string[]) => ["in", ["get", "class"], ["literal", names]] as never;
  const roads = (id: string, names: string[], colour: string, thin: number, thick: number): LayerSpecification => ({
    id,
    type: "line",
    ...of("roads"),
    filter: classes(...names),
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": colour, "line-width": width(thin, thick) },
  });
  const names = { "text-color": paints.text, "text-halo-color": paints.halo, "text-halo-width": 1.4 };
  return [
    { id: "land", type: "background", paint: { "background-color": paints.land } },
    { id: "green", type: "fill", ...of("green"), paint: { "fill-color": paints.green } },
    { id: "water", type: "fill", ...of("water"), paint: { "fill-color": paints.water } },
    { id: "waterways", type: "line", ...of("waterways"), paint: { "line-color": paints.water, "line-width": 1.5 } },
    {
      id: "buildings",
      type: "fill",
      ...of("buildings"),
      minzoom: 14,
      paint: { "fill-color": paints.building, "fill-outline-color": paints.edge },
    },
    { ...roads("paths", ["path"], paints.path, 0.4, 3), minzoom: 14 } as LayerSpecification,
    {
      id: "railways",
      type: "line",
      ...of("railways"),
      paint: { "line-color": paints.rail, "line-width": width(0.6, 2), "line-dasharray": [4, 2] },
    },
    roads("casing", ["small", "street", "main", "motorway"], paints.casing, 1, 16),
    roads("small", ["small"], paints.road, 0.5, 12),
    roads("street", ["street"], paints.road, 0.8, 14),
    roads("main", ["main", "motorway"], paints.main, 1.2, 15),
    {
      id: "street-names",
      type: "symbol",
      ...of("roads"),
      minzoom: 13.5,
      layout: { "symbol-placement": "line", "text-field": ["get", "name"], "text-size": 11.5, "text-font": FONT },
      paint: names,
    },
    {
      id: "districts",
      type: "symbol",
      ...of("districts"),
      layout: {
        "text-field": ["get", "name"],
        "text-size": ["match", ["get", "class"], ["city", "town"], 16, ["suburb", "village"], 14, 12],
        "text-font": FONT,
        "text-letter-spacing": 0.04,
      },
      paint: names,
    },
  ];
};

/** The style of a city's map: the operator's own, or that of its tiles. */
export const cityStyle = (city: { id: string; map_style_url: string | null }, shade: Shade) =>
  city.map_style_url ?? ownStyle(city.id, shade);

const ownStyle = (city: string, shade: Shade): StyleSpecification => ({
  version: 8,
  sources: { city: { type: "vector", url: `${location.origin}/v1/cities/${city}/map` } },
  layers: layers(PAINTS[shade]),
});
