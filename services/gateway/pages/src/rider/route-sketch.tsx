/** A route as a small picture: shape, start and end. */
import type { Point } from "../app/http";
import { t } from "../app/i18n";

const WIDTH = 400;
const HEIGHT = 180;
const EDGE = 16;

export const RouteSketch = ({ line }: { line: Point[] }) => {
  const lats = line.map((point) => point.lat);
  const lngs = line.map((point) => point.lng);
  const south = Math.min(...lats);
  const west = Math.min(...lngs);
  const squeeze = Math.cos((((south + Math.max(...lats)) / 2) * Math.PI) / 180);
  const high = Math.max(Math.max(...lats) - south, 1e-5);
  const wide = Math.max((Math.max(...lngs) - west) * squeeze, 1e-5);
  const scale = Math.min((WIDTH - 2 * EDGE) / wide, (HEIGHT - 2 * EDGE) / high);
  const left = (WIDTH - wide * scale) / 2;
  const bottom = HEIGHT - (HEIGHT - high * scale) / 2;
  const spots = line.map(
    (point) => [left + (point.lng - west) * squeeze * scale, bottom - (point.lat - south) * scale] as const,
  );
  const first = spots[0] ?? [0, 0];
  const last = spots.at(-1) ?? [0, 0];
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t("history.route")} class="sketch">
      <polyline points={spots.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ")} />
      <circle cx={first[0]} cy={first[1]} r="6" />
      <rect x={last[0] - 6} y={last[1] - 6} width="12" height="12" rx="2" />
    </svg>
  );
};
