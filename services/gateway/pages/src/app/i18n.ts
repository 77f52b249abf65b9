/** Texts in the person's language, with plurals; fetched one language at a time. */
import { computed, effect, signal } from "@preact/signals";
import i18next, { type TOptions } from "i18next";
import en from "../texts/en.json";
import { chosenLanguage } from "./prefs";

export const LANGUAGES = { en: "English", fi: "Suomi", es: "Español" } as const;
export type Language = keyof typeof LANGUAGES;

const others: Record<Exclude<Language, "en">, () => Promise<{ default: object }>> = {
  fi: () => import("../texts/fi.json"),
  es: () => import("../texts/es.json"),
};

/** The language that is shown; components that read it are drawn again when it changes. */
export const language = signal<Language>("en");

/** How people here write times and numbers: as the browser says when it is of this language. English is not taken for American. */
export const locale = computed(() => {
  const own = navigator.languages.find((tag) => tag.toLowerCase().startsWith(`${language.value}-`));
  return own ?? (language.value === "en" ? "en-GB" : language.value);
});

const known = (tag: string | null | undefined): Language | null => {
  const base = (tag ?? "").slice(0, 2).toLowerCase();
  return base in LANGUAGES ? (base as Language) : null;
};

/** Texts of a page of its own: English at once, the others when they are wanted. */
export interface Texts {
  en: object;
  fi: () => Promise<object>;
  es: () => Promise<object>;
}
let own: Texts | undefined;

const show = async (wanted: Language) => {
  if (wanted !== "en" && !i18next.hasResourceBundle(wanted, "translation")) {
    try {
      const [shared, more] = await Promise.all([others[wanted](), own?.[wanted]() ?? {}]);
      i18next.addResourceBundle(wanted, "translation", { ...shared.default, ...more });
    } catch {
      return; // the language stays as it is until the file can be had
    }
  }
  await i18next.changeLanguage(wanted);
  document.documentElement.lang = wanted;
  language.value = wanted;
};

export const beginTexts = async (texts?: Texts) => {
  own = texts;
  await i18next.init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: { ...en, ...texts?.en } } },
    interpolation: { escapeValue: false },
  });
  const first = known(chosenLanguage.value) ?? navigator.languages.map(known).find(Boolean) ?? "en";
  await show(first);
  effect(() => {
    const wanted = known(chosenLanguage.value);
    if (wanted) void show(wanted);
  });
};

/** The text of a key. Reading it in a component makes the component follow the language. */
export const t = (key: string, values?: TOptions): string => {
  void language.value;
  return i18next.t(key, values ?? {});
};

/** Whether there is a text of this key. */
export const hasText = (key: string): boolean => i18next.exists(key);
