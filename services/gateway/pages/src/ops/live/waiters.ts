/** Riders who wait, on a canvas over the map: where, and for how long. */
import type { Map as MapLibre } from "maplibre-gl";
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
const FINGERTIP = 20;
/** With more of them than this, or from further away, the times would cover each other. */
const MOST_TIMES = 150;
const NEAR_ZOOM = 12.5;

export class Waiters {
  private readonly canvas = document.createElement("canvas");
  private readonly pen: CanvasRenderingContext2D;
  private readonly resized: ResizeObserver;
  private shown: Waiter[] = [];
  private ringed: string | null = null;
  private ratio = 1;

  constructor(
    private readonly map: MapLibre,
    private paints: Paints,
  ) {
    this.canvas.className = "cars";
    this.canvas.setAttribute("aria-hidden", "true");
    map.getCanvasContainer().append(this.canvas);
    const pen = this.canvas.getContext("2d");
    if (!pen) throw new Error("this browser draws nothing");
    this.pen = pen;
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(map.getContainer());
    map.on("move", this.draw);
    this.fit();
  }

  set(waiters: Waiter[]) {
    this.shown = waiters;
    this.draw();
  }

  paint(paints: Paints) {
    this.paints = paints;
    this.draw();
  }

  ring(trip_id: string | null) {
    this.ringed = trip_id;
    this.draw();
  }

  /** The trip of who waits nearest to a point of the screen, within a fingertip. */
  near(x: number, y: number): string | null {
    let best: string | null = null;
    let least = FINGERTIP ** 2;
    for (const each of this.shown) {
      const spot = this.map.project([each.lng, each.lat]);
      const away = (spot.x - x) ** 2 + (spot.y - y) ** 2;
      if (away < least) [best, least] = [each.trip_id, away];
    }
    return best;
  }

  stop() {
    this.resized.disconnect();
    this.map.off("move", this.draw);
    this.canvas.remove();
  }

  private fit() {
    const { clientWidth, clientHeight } = this.map.getContainer();
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = clientWidth * this.ratio;
    this.canvas.height = clientHeight * this.ratio;
    this.draw();
  }

  readonly draw = () => {
    const pen = this.pen;
    const paints = this.paints;
    const now = Date.now();
    const times = this.shown.length <= MOST_TIMES && this.map.getZoom() >= NEAR_ZOOM;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
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
  };

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
