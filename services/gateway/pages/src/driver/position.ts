/**
 * Where the car is, told to the server once a second: from the device, from a click on the map, or from a car that drives
 * itself along its way (to try things out). What cannot be sent is kept and sent later, in order.
 */
import { effect, signal } from "@preact/signals";
import { city } from "../app/city";
import type { Point } from "../app/http";
import { me } from "../app/session";
import { line, send } from "../app/socket";
import { trip, way } from "./work";

export type Source = "device" | "map" | "autopilot";

export const source = signal<Source>("device");
export const here = signal<(Point & { bearing_deg: number | null }) | null>(null);
/** Why the device says no. */
export const refused = signal<string | null>(null);
/** Positions that wait for the line. */
export const kept = signal(0);

interface Report {
  lat: number;
  lng: number;
  at: string;
  seq: number;
  bearing_deg?: number;
  speed_mps?: number;
  accuracy_m?: number;
}

const EVERY_MS = 1000;
const AT_ONCE = 100;
const MOST_KEPT = 3600;
const SPEED_MPS = 11;
const METRES_PER_DEGREE = 111_320;

const waiting: Report[] = [];
let numbered = Date.now();
let accuracy: number | undefined;
let speed: number | undefined;

export const metres = (a: Point, b: Point): number => {
  const squeeze = Math.cos((((a.lat + b.lat) / 2) * Math.PI) / 180);
  return Math.hypot(b.lat - a.lat, (b.lng - a.lng) * squeeze) * METRES_PER_DEGREE;
};

const bearing = (a: Point, b: Point): number => {
  const squeeze = Math.cos((a.lat * Math.PI) / 180);
  return ((Math.atan2((b.lng - a.lng) * squeeze, b.lat - a.lat) * 180) / Math.PI + 360) % 360;
};

const place = (point: Point) => {
  const before = here.value;
  const turned = before && metres(before, point) > 2 ? bearing(before, point) : (before?.bearing_deg ?? null);
  here.value = { ...point, bearing_deg: turned };
};

/** Put the car on a point of the map. */
export const putAt = (point: Point) => {
  source.value = "map";
  speed = undefined;
  accuracy = 5;
  place(point);
};

/** Drive on along the way: a second's worth of metres. */
const drive = () => {
  const now = here.value ?? city.value?.centre;
  if (!now) return;
  if (!here.value) place(now);
  const path = way.value?.line ?? [];
  if (path.length < 2) {
    speed = 0;
    return;
  }
  // on from the point of the way that is nearest
  let at = 0;
  for (let index = 1; index < path.length; index++) {
    if (metres(now, path[index] as Point) <= metres(now, path[at] as Point)) at = index;
  }
  let left = SPEED_MPS;
  let from: Point = now;
  for (let index = Math.min(at + 1, path.length - 1); index < path.length && left > 0; index++) {
    const to = path[index] as Point;
    const leg = metres(from, to);
    const part = leg === 0 ? 1 : Math.min(1, left / leg);
    from = { lat: from.lat + (to.lat - from.lat) * part, lng: from.lng + (to.lng - from.lng) * part };
    left -= leg * part;
    if (part < 1) break;
  }
  speed = SPEED_MPS - left;
  accuracy = 5;
  place(from);
};

const report = () => {
  if (!me.value?.online) return;
  if (source.value === "autopilot") drive();
  const now = here.value;
  if (!now) return;
  numbered += 1;
  waiting.push({
    lat: now.lat,
    lng: now.lng,
    at: new Date().toISOString(),
    seq: numbered,
    ...(now.bearing_deg === null ? {} : { bearing_deg: now.bearing_deg }),
    ...(speed === undefined ? {} : { speed_mps: speed }),
    ...(accuracy === undefined ? {} : { accuracy_m: accuracy }),
  });
  if (waiting.length > MOST_KEPT) waiting.splice(0, waiting.length - MOST_KEPT);
  while (waiting.length && line.value === "live") {
    const some = waiting.slice(0, AT_ONCE);
    const sent =
      some.length === 1 ? send("report_position", { ...some[0] }) : send("report_positions", { positions: some });
    if (!sent) break;
    waiting.splice(0, some.length);
  }
  kept.value = waiting.length;
};

/** Begin to tell positions; gives what ends it. */
export const beginPositions = (): (() => void) => {
  let watch: number | null = null;
  const timer = setInterval(report, EVERY_MS);
  const stop = effect(() => {
    const wanted = source.value === "device" && me.value?.online === true;
    if (wanted && watch === null && navigator.geolocation) {
      watch = navigator.geolocation.watchPosition(
        ({ coords }) => {
          refused.value = null;
          accuracy = coords.accuracy;
          speed = coords.speed ?? undefined;
          here.value = { lat: coords.latitude, lng: coords.longitude, bearing_deg: coords.heading };
        },
        (error) => {
          refused.value = error.code === error.PERMISSION_DENIED ? "denied" : "unavailable";
        },
        { enableHighAccuracy: true, maximumAge: 2000 },
      );
    } else if (!wanted && watch !== null) {
      navigator.geolocation.clearWatch(watch);
      watch = null;
    }
  });
  return () => {
    clearInterval(timer);
    stop();
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    here.value = null;
    waiting.length = 0;
    kept.value = 0;
  };
};

/** Whether the car has come to where its ride wants it. */
export const isThere = (): boolean => {
  const ride = trip.value;
  const now = here.value;
  if (!ride || !now) return false;
  return metres(now, ride.state === "in_progress" ? ride.dropoff : ride.pickup) < 60;
};
