/** What a person chose for this browser. None of it is secret. */
import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";

const read = (name: string): string | null => {
  try {
    return localStorage.getItem(`hansom.${name}`);
  } catch {
    return null;
  }
};

const write = (name: string, value: string) => {
  try {
    localStorage.setItem(`hansom.${name}`, value);
  } catch {
    // a browser that keeps nothing: the choice lasts as long as the page
  }
};

const asTheme = (value: string | null): Theme => (value === "light" || value === "dark" ? value : "auto");

export const theme = signal<Theme>(asTheme(read("theme")));
/** What is shown now, with `auto` resolved. */
export const shade = signal<"light" | "dark">("light");
export const chosenLanguage = signal<string | null>(read("language"));

const dark = matchMedia("(prefers-color-scheme: dark)");

export const beginPrefs = () => {
  const show = () => {
    shade.value = theme.value === "auto" ? (dark.matches ? "dark" : "light") : theme.value;
    document.documentElement.dataset.theme = shade.value;
  };
  dark.addEventListener("change", show);
  effect(() => {
    show();
    write("theme", theme.value);
  });
  effect(() => {
    if (chosenLanguage.value) write("language", chosenLanguage.value);
  });
};
