/** Riders who wait, on a canvas over the map: where, and for how long. */
import type { Map as MapLibre } from "maplibre-gl";
import { Overlay, type Spot } from "../../map/overlay";
import { stopwatch } from "./words";

export interface Waiter {
  trip_id: string;
  lat: number;
  lng: number;
  /** Unix time, ms. */
  since_ms: number;
}

export interface Paints {
  face: string;
  text: string;
  warn: string;
  bad: string;
}

/** Waits beyond which a rider is shown as one who waits long, and very long. */
export const LONG_MS = 90_000;
export const VERY_LONG_MS = 180_000;

const RADIUS = 7;
/** With more of them than this, or from further away, the times would cover each other. */
const MOST_TIMES = 150;
const NEAR_ZOOM = 12.5;

export class Waiters extends Overlay {
  private shown: Waiter[] = [];

  constructor(
    map: MapLibre,
    private paints: Paints,
  ) {
    super(map);
  }

  set(waiters: Waiter[]) {
    this.shown = waiters;
    this.draw();
  }

  paint(paints: Paints) {
    this.paints = paints;
    this.draw();
  }

  protected override *spots(): Generator<Spot> {
    for (const each of this.shown) yield [each.trip_id, each.lng, each.lat];
  }

  protected override drawAll(pen: CanvasRenderingContext2D) {
    const paints = this.paints;
    const now = Date.now();
    const times = this.shown.length <= MOST_TIMES && this.map.getZoom() >= NEAR_ZOOM;
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.font = "600 11px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "bottom";
    for (const each of this.shown) {
      const spot = this.map.project([each.lng, each.lat]);
      const waited = now - each.since_ms;
      const colour = waited > VERY_LONG_MS ? paints.bad : waited > LONG_MS ? paints.warn : paints.text;
      this.drawPerson(spot.x, spot.y, colour, each.trip_id === this.ringed);
      if (times) this.drawTime(spot.x, spot.y, stopwatch(waited), colour);
    }
  }

  private drawPerson(x: number, y: number, colour: string, ringed: boolean) {
    const pen = this.pen;
    const paints = this.paints;
    pen.lineWidth = 2.5;
    pen.strokeStyle = colour;
    if (ringed) {
      pen.beginPath();
      pen.arc(x, y, RADIUS * 2, 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.beginPath();
    pen.arc(x, y, RADIUS, 0, 2 * Math.PI);
    pen.fillStyle = paints.face;
    pen.fill();
    pen.stroke();
    pen.beginPath();
    pen.arc(x, y, 2.5, 0, 2 * Math.PI);
    pen.fillStyle = colour;
    pen.fill();
  }

  private drawTime(x: number, y: number, text: string, colour: string) {
    const pen = this.pen;
    const paints = this.paints;
    const wide = pen.measureText(text).width + 8;
    pen.fillStyle = paints.face;
    pen.beginPath();
    pen.roundRect(x - wide / 2, y - RADIUS - 19, wide, 16, 5);
    pen.fill();
    pen.fillStyle = colour;
    pen.fillText(text, x, y - RADIUS - 4);
  }
}
