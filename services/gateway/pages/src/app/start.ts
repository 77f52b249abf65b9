/** How every page begins. */
import { type ComponentType, h, render } from "preact";
import { beginTexts, type Texts } from "./i18n";
import { beginPrefs } from "./prefs";
import { begin, type Role } from "./session";
import { keepOpen } from "./socket";

export const startPage = async (App: ComponentType, role: Role, texts?: Texts): Promise<void> => {
  beginPrefs();
  await beginTexts(texts);
  const place = document.getElementById("page");
  if (place) render(h(App, null), place);
  keepOpen();
  await begin(role);
};
