import { render } from "preact";
import { beginTexts } from "../app/i18n";
import { beginPrefs } from "../app/prefs";
import { begin } from "../app/session";
import { keepOpen } from "../app/socket";
import { App } from "./app";

beginPrefs();
await beginTexts();
const place = document.getElementById("page");
if (place) render(<App />, place);
keepOpen();
await begin("driver");
