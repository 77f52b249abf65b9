/**
 * Every style of the console, in the page's own file: the views are fetched when they are opened, and nothing would fetch
 * a style of theirs with them.
 */
import "maplibre-gl/dist/maplibre-gl.css";
import "uplot/dist/uPlot.min.css";
import "../ui/style.css";
import "../map/map.css";
import "./ops.css";
import "./live/live.css";
import "./drivers/drivers.css";
import "./trips/trips.css";
import "./desk/desk.css";
