/**
 * Keeps a map fluent that is moved by hand. Where there is no graphics card the map is drawn by the processor, pixel by
 * pixel: if that is too slow it is drawn in half the resolution while it moves, and in full as soon as it rests.
 */
import type { Map as MapLibre } from "maplibre-gl";

/** A frame that takes longer is slow: there are under 30 of them a second. */
const SLOW_MS = 34;
/** So many slow frames one after another, and it is the map that is slow, not the moment. */
const SLOW_FRAMES = 3;
/** What was slow is taken to be slow for so long, and is coarse from the first frame. */
const REMEMBERED_MS = 60_000;
const COARSE = 0.5;
/** After which a map is at rest; between two turns of a wheel it is not. */
const REST_MS = 200;

export const keepFluent = (map: MapLibre): void => {
  let coarse = false;
  let changing = false;
  let slowUntil = 0;
  let frame = 0;
  let rest: ReturnType<typeof setTimeout> | undefined;

  const draw = (part: number) => {
    coarse = part < 1;
    changing = true;
    // MapLibre ends what a hand does to the map when its canvas has another size: here nothing but the resolution has
    const { stop } = map;
    map.stop = () => map;
    map.setPixelRatio(devicePixelRatio * part);
    map.stop = stop;
    // at once: the canvas has been emptied
    map.redraw();
    changing = false;
  };
  const watch = (last: number, slow: number) => {
    frame = requestAnimationFrame((now) => {
      if (slow === SLOW_FRAMES) draw(COARSE);
      else watch(now, now - last > SLOW_MS ? slow + 1 : 0);
    });
  };
  const stop = () => {
    cancelAnimationFrame(frame);
    clearTimeout(rest);
  };

  map.on("movestart", ({ originalEvent }) => {
    if (changing) return;
    stop();
    // what moves it by itself takes a moment only
    if (!originalEvent || coarse) return;
    const now = performance.now();
    watch(now, now < slowUntil ? SLOW_FRAMES : 0);
  });
  map.on("moveend", () => {
    if (changing) return;
    stop();
    if (!coarse) return;
    slowUntil = performance.now() + REMEMBERED_MS;
    rest = setTimeout(() => draw(1), REST_MS);
  });
  map.on("remove", stop);
};
