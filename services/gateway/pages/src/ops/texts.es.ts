import checks from "./desk/checks/es.json";
import desk from "./desk/texts/es.json";
import drivers from "./drivers/texts/es.json";
import frame from "./frame/texts/es.json";
import live from "./live/texts/es.json";
import trips from "./trips/texts/es.json";

export const texts = { ops: { frame, live, trips, drivers, desk, checks } };
