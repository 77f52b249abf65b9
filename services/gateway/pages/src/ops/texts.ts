/** The console's texts, apart from those that all pages share. */
import type { Texts } from "../app/i18n";
import checks from "./desk/checks/en.json";
import desk from "./desk/texts/en.json";
import drivers from "./drivers/texts/en.json";
import frame from "./frame/texts/en.json";
import live from "./live/texts/en.json";
import trips from "./trips/texts/en.json";

export const texts: Texts = {
  en: { ops: { frame, live, trips, drivers, desk, checks } },
  fi: async () => (await import("./texts.fi")).texts,
  es: async () => (await import("./texts.es")).texts,
};
