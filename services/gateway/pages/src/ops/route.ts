/** Which part of the console is shown: it stands in the address after `#`, so that it can be kept and sent. */
import { signal } from "@preact/signals";

export interface Route {
  section: string;
  id: string | null;
  query: URLSearchParams;
}

const parse = (hash: string): Route => {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [section = "", id] = path.split("/").map(decodeURIComponent);
  return { section, id: id || null, query: new URLSearchParams(query) };
};

export const route = signal<Route>(parse(location.hash));
addEventListener("hashchange", () => {
  route.value = parse(location.hash);
});

type Query = Record<string, string | null | undefined>;

/** The address of a part of the console; what is null or empty in `query` is left out. */
export const href = (section: string, id: string | null = null, query: Query = {}): string => {
  const given = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]));
  const asked = given.length ? `?${new URLSearchParams(given)}` : "";
  return `#/${[section, id]
    .filter(Boolean)
    .map((part) => encodeURIComponent(part as string))
    .join("/")}${asked}`;
};

export const go = (section: string, id: string | null = null, query: Query = {}) => {
  location.hash = href(section, id, query);
};

/** Change what is asked for in the part that is shown, without a new step in the history. */
export const refine = (query: Query) => {
  history.replaceState(null, "", href(route.value.section, route.value.id, query));
  route.value = parse(location.hash);
};
