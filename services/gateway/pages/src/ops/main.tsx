import { startPage } from "../app/start";
import { App } from "./app";
import { texts } from "./texts";
import "./styles";

await startPage(App, "ops", texts);
