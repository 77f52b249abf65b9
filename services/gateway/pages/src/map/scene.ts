/** What is drawn on a city's map: cars, letters, one line each; what is framed; all of it following the theme. */
import { effect } from "@preact/signals";
import type { Map as MapLibre, Marker } from "maplibre-gl";
import type { City } from "../app/city";
import type { Point } from "../app/http";
import { shade } from "../app/prefs";
import { Cars } from "./cars";
import { drawLine, type Room, show } from "./city-map";
import { COLOURS, cityStyle } from "./style";

export type Library = typeof import("maplibre-gl");

/** Room for the sheet, which covers part of the map. */
const room = (): Room => {
  const below = document.querySelector(".sheet")?.clientHeight ?? 260;
  return innerWidth >= 800
    ? { top: 60, right: 60, bottom: 60, left: 460 }
    : { top: 70, right: 40, bottom: Math.min(below, innerHeight * 0.6) + 30, left: 40 };
};

/** In which a sheet has its new height. */
const SHEET_MS = 60;

export class Scene {
  readonly cars: Cars;
  private readonly pins = new Map<string, Marker>();
  private readonly ends: (() => void)[] = [];
  private framed = "";
  private redraw: () => void = () => undefined;

  constructor(
    private readonly map: MapLibre,
    private readonly library: Library,
    city: City,
    glide_ms: number,
  ) {
    let painted = shade.value;
    this.cars = new Cars(map, COLOURS[painted].cars, COLOURS[painted].edge, glide_ms);
    this.ends.push(
      effect(() => {
        const now = shade.value;
        if (now === painted) return;
        painted = now;
        this.cars.paint(COLOURS[now].cars, COLOURS[now].edge);
        map.setStyle(cityStyle(city, now));
        map.once("styledata", () => this.redraw());
      }),
    );
  }

  /** Draw now, and again whenever a signal that is read changes. */
  follow(draw: () => void) {
    this.redraw = draw;
    this.ends.push(effect(draw));
  }

  /** A letter at a point; none takes it away. */
  pin(name: string, letter: string, kind: "start" | "end", at: Point | undefined) {
    const known = this.pins.get(name);
    if (!at) {
      known?.remove();
      this.pins.delete(name);
    } else if (known) known.setLngLat([at.lng, at.lat]);
    else {
      const element = document.createElement("div");
      element.className = `pin ${kind}`;
      element.setAttribute("aria-hidden", "true");
      element.textContent = letter;
      const marker = new this.library.Marker({ element }).setLngLat([at.lng, at.lat]).addTo(this.map);
      this.pins.set(name, marker);
    }
  }

  line(id: string, points: Point[]) {
    drawLine(this.map, id, points, COLOURS[shade.value].route);
  }

  /** Show these points, once for each name. */
  frame(name: string, points: (Point | null | undefined)[]) {
    const known = points.filter((point): point is Point => !!point);
    if (this.framed === name || !known.length) return;
    this.framed = name;
    setTimeout(() => show(this.map, known, room()), SHEET_MS);
  }

  stop() {
    for (const end of this.ends) end();
    this.cars.stop();
  }
}
