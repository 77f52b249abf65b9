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

/** Room for what stands over the map: a sheet beside it where the page is wide. */
const room = (): Room =>
  innerWidth >= 800 ? { top: 60, right: 60, bottom: 60, left: 460 } : { top: 60, right: 50, bottom: 36, left: 50 };

/** In which a sheet has its new height, and the map what is left. */
const SHEET_MS = 60;

export class Scene {
  readonly cars: Cars;
  private readonly pins = new Map<string, Marker>();
  private readonly ends: (() => void)[] = [];
  private framed = "";
  private kept: Point[] = [];
  private redraw: () => void = () => undefined;

  constructor(
    private readonly map: MapLibre,
    private readonly library: Library,
    city: City,
    glide_ms: number,
  ) {
    // what is framed stays so when the map has more or less room, until somebody moves the map himself
    const resized = () => show(map, this.kept, room(), false);
    const moved = (event: { originalEvent?: unknown }) => {
      if (event.originalEvent) this.kept = [];
    };
    map.on("resize", resized);
    map.on("movestart", moved);
    this.ends.push(() => {
      map.off("resize", resized);
      map.off("movestart", moved);
    });
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
    this.kept = known;
    setTimeout(() => show(this.map, known, room()), SHEET_MS);
  }

  stop() {
    for (const end of this.ends) end();
    this.cars.stop();
  }
}
