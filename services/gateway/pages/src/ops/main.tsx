import { startPage } from "../app/start";
import { App } from "./app";
import { texts } from "./texts";

await startPage(App, "ops", texts);
