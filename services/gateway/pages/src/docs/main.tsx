/** The page about HTTP, for those who write an app of their own. In English, as the contract is. */
import { render } from "preact";
import { beginPrefs } from "../app/prefs";
import { App } from "./app";
import "../ui/style.css";

beginPrefs();
const place = document.getElementById("page");
if (place) render(<App />, place);
