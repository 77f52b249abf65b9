/** A trace as something that can be played: where the car was at each moment, and how fast. Pure. */
import type { Point } from "../../app/http";
import type { Trace } from "./model";

export interface Spot {
  point: Point;
  bearing_deg: number | null;
  /** Null where no two positions are known that belong together. */
  speed_mps: number | null;
  /** No position was reported about this time. */
  silent: boolean;
}

const EARTH_M = 6_371_000;
const RADIAN = Math.PI / 180;

/** Metres, and degrees from north, from one point to another one near it. */
export const leg = (from: Point, to: Point): { metres: number; bearing_deg: number } => {
  const east = (to.lng - from.lng) * Math.cos(((from.lat + to.lat) / 2) * RADIAN);
  const north = to.lat - from.lat;
  const metres = Math.hypot(east, north) * RADIAN * EARTH_M;
  return { metres, bearing_deg: (Math.atan2(east, north) / RADIAN + 360) % 360 };
};

export class Drive {
  readonly begins: number;
  readonly ends: number;
  private readonly times: number[];
  private readonly gaps: [number, number][];

  /** `trace` must have a point at least. */
  constructor(private readonly trace: Trace) {
    this.times = trace.points.map((point) => Date.parse(point.at));
    this.begins = this.times[0] ?? 0;
    this.ends = this.times.at(-1) ?? 0;
    this.gaps = trace.gaps.map((gap) => [Date.parse(gap.from), Date.parse(gap.until)]);
  }

  /** Where the car was; before the beginning and after the end it stands there. */
  at(time: number): Spot {
    const next = this.after(time);
    const last = Math.max(0, next - 1);
    const from = this.trace.points[last] as Point;
    const to = (this.trace.points[next] ?? from) as Point;
    const begun = this.times[last] ?? 0;
    const lasts_ms = (this.times[next] ?? begun) - begun;
    const part = lasts_ms > 0 ? Math.min(1, Math.max(0, (time - begun) / lasts_ms)) : 0;
    const way = leg(from, to);
    const silent = this.gaps.some(([since, until]) => time > since && time < until);
    return {
      point: { lat: from.lat + (to.lat - from.lat) * part, lng: from.lng + (to.lng - from.lng) * part },
      bearing_deg: way.metres > 1 ? way.bearing_deg : null,
      speed_mps: lasts_ms > 0 && !silent ? (way.metres / lasts_ms) * 1000 : null,
      silent,
    };
  }

  /** The points from one moment to another. */
  between(since: number, until: number): Point[] {
    return this.trace.points.filter((_, index) => {
      const time = this.times[index] ?? 0;
      return time >= since && time <= until;
    });
  }

  /** The first point that is later. */
  private after(time: number): number {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.times[middle] ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
