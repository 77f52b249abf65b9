/**
 * Cars on a canvas over the map. Thousands move without the map being drawn again: each glides from where it is shown to
 * where it was last heard of, and turns the short way round.
 */
import type { Map as MapLibre } from "maplibre-gl";
import { Overlay, type Spot } from "./overlay";

export interface Car {
  id: string;
  lat: number;
  lng: number;
  bearing_deg: number | null;
  /** A key of the colours that the layer was given. */
  look: string;
}

interface Shown {
  fromLat: number;
  fromLng: number;
  toLat: number;
  toLng: number;
  from_deg: number;
  turn_deg: number;
  since: number;
  look: string;
  seen: number;
}

const SIZE = 22;
const FAR_DEG = 0.02;

/** A map that did not move for so long is held still, though a hand may be on it. */
const HELD_MS = 120;

/** How many headings a car is drawn in: each ten degrees. */
const HEADINGS = 36;

/**
 * A car in all its headings, side by side: turned pictures are copied much faster than pictures are turned. Not left on
 * its canvas, of which each copy would take a picture first.
 */
const sprite = (colour: string, edge: string, ratio: number): ImageBitmap => {
  const side = Math.ceil(SIZE * ratio);
  const canvas = new OffscreenCanvas(side * HEADINGS, side);
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser draws nothing");
  for (let heading = 0; heading < HEADINGS; heading++) {
    pen.setTransform(ratio, 0, 0, ratio, side * (heading + 0.5), side / 2);
    pen.rotate((heading / HEADINGS) * 2 * Math.PI);
    drawCar(pen, colour, edge);
  }
  return canvas.transferToImageBitmap();
};

const drawCar = (pen: OffscreenCanvasRenderingContext2D, colour: string, edge: string) => {
  pen.globalAlpha = 1;
  pen.beginPath();
  pen.roundRect(-4.5, -8.5, 9, 17, 3.5);
  pen.fillStyle = colour;
  pen.strokeStyle = edge;
  pen.lineWidth = 1.5;
  pen.fill();
  pen.stroke();
  pen.fillStyle = edge;
  pen.globalAlpha = 0.85;
  pen.beginPath();
  pen.roundRect(-3, -4.5, 6, 3, 1);
  pen.roundRect(-3, 3.5, 6, 2, 1);
  pen.fill();
};

export class Cars extends Overlay {
  private readonly shown = new Map<string, Shown>();
  private sprites: Record<string, ImageBitmap> = {};
  private frame = 0;
  private stillUntil = 0;
  private round = 0;

  /** `glide_ms`: about the time between two reports, over which a car moves from one to the next. */
  constructor(
    map: MapLibre,
    private looks: Record<string, string>,
    private edge: string,
    private readonly glide_ms = 1000,
  ) {
    // thousands of small copies are made faster in memory than by way of the graphics process
    super(map, { willReadFrequently: true });
  }

  /** Other colours, when the theme changes. */
  paint(looks: Record<string, string>, edge: string) {
    this.looks = looks;
    this.edge = edge;
    this.sprites = {};
    this.wake();
  }

  /** Show exactly these cars. */
  set(cars: Iterable<Car>) {
    this.round += 1;
    for (const car of cars) this.move(car);
    for (const [id, each] of this.shown) if (each.seen !== this.round) this.shown.delete(id);
    this.wake();
  }

  /** A car was heard of. */
  move(car: Car) {
    const now = performance.now();
    const before = this.shown.get(car.id);
    const bearing = car.bearing_deg ?? before?.from_deg ?? 0;
    if (!before || Math.abs(before.toLat - car.lat) + Math.abs(before.toLng - car.lng) > FAR_DEG) {
      const place = { fromLat: car.lat, fromLng: car.lng, toLat: car.lat, toLng: car.lng };
      this.shown.set(car.id, {
        ...place,
        from_deg: bearing,
        turn_deg: 0,
        since: now,
        look: car.look,
        seen: this.round,
      });
    } else {
      const [lat, lng, deg] = this.at(before, now);
      before.fromLat = lat;
      before.fromLng = lng;
      before.from_deg = deg;
      before.toLat = car.lat;
      before.toLng = car.lng;
      before.turn_deg = ((bearing - deg + 540) % 360) - 180;
      before.since = now;
      before.look = car.look;
      before.seen = this.round;
    }
    this.wake();
  }

  override stop() {
    cancelAnimationFrame(this.frame);
    super.stop();
  }

  protected override *spots(): Generator<Spot> {
    const now = performance.now();
    for (const [id, each] of this.shown) {
      const [lat, lng] = this.at(each, now);
      yield [id, lng, lat];
    }
  }

  private at(each: Shown, now: number): [number, number, number] {
    const part = Math.min(1, (now - each.since) / this.glide_ms);
    const turned = Math.min(1, part * 2);
    return [
      each.fromLat + (each.toLat - each.fromLat) * part,
      each.fromLng + (each.toLng - each.fromLng) * part,
      (each.from_deg + each.turn_deg * turned + 360) % 360,
    ];
  }

  protected override fit() {
    this.sprites = {};
    super.fit();
  }

  private wake() {
    this.stillUntil = performance.now() + this.glide_ms + 100;
    if (!this.frame) this.frame = requestAnimationFrame(this.step);
  }

  private readonly step = () => {
    this.frame = 0;
    // while the map moves it has them drawn, each time it is
    if (performance.now() - this.movedAt > HELD_MS) this.draw();
    if (performance.now() < this.stillUntil) this.frame = requestAnimationFrame(this.step);
  };

  protected override drawAll(pen: CanvasRenderingContext2D) {
    const ratio = this.ratio;
    const { width, height } = pen.canvas;
    const now = performance.now();
    const turned = this.map.getBearing();
    const side = Math.ceil(SIZE * ratio);
    for (const each of this.shown.values()) {
      const [lat, lng, deg] = this.at(each, now);
      const spot = this.map.project([lng, lat]);
      const x = Math.round(spot.x * ratio - side / 2);
      const y = Math.round(spot.y * ratio - side / 2);
      if (x < -side || y < -side || x > width || y > height) continue;
      const heading = Math.round(((deg - turned + 720) % 360) / (360 / HEADINGS)) % HEADINGS;
      pen.drawImage(this.spriteOf(each.look), heading * side, 0, side, side, x, y, side, side);
    }
    this.drawRing(now);
  }

  private drawRing(now: number) {
    const each = this.ringed === null ? undefined : this.shown.get(this.ringed);
    if (!each) return;
    const [lat, lng] = this.at(each, now);
    const spot = this.map.project([lng, lat]);
    const pen = this.pen;
    const ratio = this.ratio;
    pen.setTransform(ratio, 0, 0, ratio, spot.x * ratio, spot.y * ratio);
    pen.beginPath();
    pen.arc(0, 0, SIZE * 0.75, 0, 2 * Math.PI);
    pen.strokeStyle = this.edge;
    pen.lineWidth = 5;
    pen.stroke();
    pen.strokeStyle = this.looks[each.look] ?? "#777";
    pen.lineWidth = 2.5;
    pen.stroke();
  }

  private spriteOf(look: string): ImageBitmap {
    this.sprites[look] ??= sprite(this.looks[look] ?? "#777", this.edge, this.ratio);
    return this.sprites[look];
  }
}
