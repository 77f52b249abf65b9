/** What the server says in English in fixed words: in the operator's language where the words are known. */
import { hasText, t } from "../../app/i18n";

const slug = (words: string): string =>
  words
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_|_$/g, "");

/** The text, and its language where it is not the page's. */
export interface Said {
  text: string;
  lang?: "en";
}

const known = (key: string, words: string): Said => (hasText(key) ? { text: t(key) } : { text: words, lang: "en" });

/** What an audit's check holds true: a code of a service, or a sentence. */
export const checkText = (name: string): Said => known(`ops.checks.${slug(name)}`, name);

/** Why a part is not up. */
export const whyText = (why: string): Said => known(`ops.desk.health.why.${slug(why)}`, why);

/** Words as they are said, in the language they are in. */
export const Words = ({ of: { text, lang }, class: looks }: { of: Said; class?: string }) => (
  <span class={looks} lang={lang}>
    {text}
  </span>
);
