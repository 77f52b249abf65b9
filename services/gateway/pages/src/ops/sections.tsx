/** The parts of the console, each fetched when it is opened first. */
import type { ComponentType } from "preact";

export interface ViewProps {
  /** The one thing that is looked at, or null for the list of all. */
  id: string | null;
}

export interface Section {
  path: string;
  view: () => Promise<ComponentType<ViewProps>>;
}

export const SECTIONS: Section[] = [
  { path: "", view: async () => (await import("./live/view")).LiveView },
  { path: "trips", view: async () => (await import("./trips/view")).TripsView },
  { path: "drivers", view: async () => (await import("./drivers/view")).DriversView },
  { path: "surge", view: async () => (await import("./desk/surge")).SurgeView },
  { path: "promos", view: async () => (await import("./desk/promos")).PromosView },
  { path: "money", view: async () => (await import("./desk/money")).MoneyView },
  { path: "health", view: async () => (await import("./desk/health")).HealthView },
];
