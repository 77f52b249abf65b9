/** A canvas over the map: as large as the map, and drawn again whenever the map moves. */
import type { Map as MapLibre } from "maplibre-gl";

/** What is so near to a finger or a pointer is meant by it, px. */
const FINGERTIP = 20;

/** Where something is that can be pointed at. */
export type Spot = readonly [id: string, lng: number, lat: number];

export abstract class Overlay {
  protected readonly pen: CanvasRenderingContext2D;
  /** Of the canvas's pixels to those of the page. */
  protected ratio = 1;
  /** What has a ring around it. */
  protected ringed: string | null = null;
  private readonly canvas = document.createElement("canvas");
  private readonly resized: ResizeObserver;
  /** When it was drawn last because the map had moved, on the clock of `performance.now`. */
  protected movedAt = Number.NEGATIVE_INFINITY;

  constructor(
    protected readonly map: MapLibre,
    settings?: CanvasRenderingContext2DSettings,
  ) {
    this.canvas.className = "cars";
    this.canvas.setAttribute("aria-hidden", "true");
    map.getCanvasContainer().append(this.canvas);
    const pen = this.canvas.getContext("2d", settings);
    if (!pen) throw new Error("this browser draws nothing");
    this.pen = pen;
    // it is told of the first size too, before anything is painted
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(map.getContainer());
    map.on("move", this.follow);
  }

  /** Draws everything on the empty canvas, whose pixels are the pen's units. */
  protected abstract drawAll(pen: CanvasRenderingContext2D): void;

  protected abstract spots(): Iterable<Spot>;

  /** Draw a ring around this one, and around no other. */
  ring(id: string | null) {
    this.ringed = id;
    this.draw();
  }

  /** What is nearest to a point of the screen, within a fingertip. */
  near(x: number, y: number): string | null {
    let best: string | null = null;
    let least = FINGERTIP ** 2;
    for (const [id, lng, lat] of this.spots()) {
      const spot = this.map.project([lng, lat]);
      const away = (spot.x - x) ** 2 + (spot.y - y) ** 2;
      if (away < least) [best, least] = [id, away];
    }
    return best;
  }

  stop() {
    this.resized.disconnect();
    this.map.off("move", this.follow);
    this.canvas.remove();
  }

  readonly draw = () => {
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.drawAll(this.pen);
  };

  private readonly follow = () => {
    this.movedAt = performance.now();
    this.draw();
  };

  protected fit() {
    const { clientWidth, clientHeight } = this.map.getContainer();
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = clientWidth * this.ratio;
    this.canvas.height = clientHeight * this.ratio;
    this.draw();
  }
}
