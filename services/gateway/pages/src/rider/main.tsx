import { startPage } from "../app/start";
import { App } from "./app";

await startPage(App, "rider");
