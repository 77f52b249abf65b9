import checks from "./desk/checks/fi.json";
import desk from "./desk/texts/fi.json";
import drivers from "./drivers/texts/fi.json";
import frame from "./frame/texts/fi.json";
import live from "./live/texts/fi.json";
import trips from "./trips/texts/fi.json";

export const texts = { ops: { frame, live, trips, drivers, desk, checks } };
