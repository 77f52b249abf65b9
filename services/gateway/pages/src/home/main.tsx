/** The front page: what there is here, and how to see all of it. */
import { render } from "preact";
import { beginTexts } from "../app/i18n";
import { beginPrefs } from "../app/prefs";
import { App } from "./app";
import en from "./texts/en.json";

beginPrefs();
await beginTexts({
  en,
  fi: () => import("./texts/fi.json").then((file) => file.default),
  es: () => import("./texts/es.json").then((file) => file.default),
});
const place = document.getElementById("page");
if (place) render(<App />, place);
