/** A request to try: from what was typed, as a command, and sent. */
import { signal } from "@preact/signals";
import { get, type Point } from "../app/http";
import { exampleOf, resolved, type Shapes } from "../contract/shape";
import type { Operation, Parameter } from "./document";

/** What was typed: values by place and name, the body, and which form of the answer is wanted. */
export interface Draft {
  values: Record<string, string>;
  body: string;
  accept: string;
}

export interface Asked {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | null;
}

/** Ids seen in answers or typed once, and where rides are served: the next request that wants one begins with it. */
export const remembered = signal<Record<string, string>>({});

interface City {
  id: string;
  categories: string[];
  centre: Point;
  service_area: { north: number; east: number };
}

const ends = signal<{ pickup?: Point; dropoff?: Point }>({});

/** Learn of a city where the examples can be tried. */
export const learnPlaces = async (): Promise<void> => {
  const [city] = (await get<{ items: City[] }>("/v1/cities")).items;
  if (!city) return;
  const { lat, lng } = city.centre;
  const dropoff = { lat: (lat + city.service_area.north) / 2, lng: (lng + city.service_area.east) / 2 };
  ends.value = { pickup: city.centre, dropoff: { lat: +dropoff.lat.toFixed(5), lng: +dropoff.lng.toFixed(5) } };
  const known = { city: city.id, category: city.categories[0] ?? "standard", lat: `${lat}`, lng: `${lng}` };
  remembered.value = { ...known, ...remembered.value };
};

export const fieldOf = ({ in: place, name }: Parameter): string => `${place}:${name}`;

const PERSON = {
  email: `ada.${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36)}@example.org`,
  password: "correct horse battery",
  name: "Ada Lovelace",
  phone: "+358401234567",
};
const VEHICLE = { make: "Toyota", model: "Corolla", colour: "white", plate: "ABC-123", category: "standard" };

/** A body that may be sent as it stands, or nearly. */
export const bodyOf = (shapes: Shapes, operation: Operation): string => {
  const shape = operation.body && resolved(shapes, operation.body);
  if (!shape) return "";
  if (operation.method === "POST" && !shape.required?.length) return "{}"; // all of it may be left out
  // a `kind` or a `number` of a path is not what a body means by it
  const ids = Object.fromEntries(
    Object.entries(remembered.value).filter(([name]) => /_id$|^city$|^category$/.test(name)),
  );
  const words = { ...PERSON, ...VEHICLE, ...ids, ...ends.value };
  return JSON.stringify(exampleOf(shapes, shape, { words, terse: true }), null, 2);
};

export const draftOf = (shapes: Shapes, operation: Operation): Draft => ({
  values: Object.fromEntries(
    operation.parameters.map((each) => [fieldOf(each), (each.required && remembered.value[each.name]) || ""]),
  ),
  body: bodyOf(shapes, operation),
  accept: "application/json",
});

/** What is wrong with a draft, by field; nothing is, if it may be sent. */
export const mistakesIn = (operation: Operation, draft: Draft): Record<string, string> => {
  const wrong: Record<string, string> = {};
  for (const each of operation.parameters)
    if (each.required && !draft.values[fieldOf(each)]) wrong[fieldOf(each)] = "Needed.";
  if (operation.body) {
    try {
      JSON.parse(draft.body);
    } catch (reason) {
      wrong.body = `Not JSON: ${(reason as Error).message}`;
    }
  }
  return wrong;
};

export const requestOf = (operation: Operation, draft: Draft): Asked => {
  const given = (place: Parameter["in"]) =>
    operation.parameters
      .filter((each) => each.in === place)
      .map((each) => [each.name, draft.values[fieldOf(each)] ?? ""] as const)
      .filter(([, value]) => value !== "");
  let path = operation.path;
  for (const [name, value] of given("path")) path = path.replace(`{${name}}`, encodeURIComponent(value));
  const query = new URLSearchParams(given("query").map(([name, value]) => [name, value])).toString();
  const headers: Record<string, string> = { Accept: draft.accept, ...Object.fromEntries(given("header")) };
  if (operation.body) headers["Content-Type"] = "application/json";
  return {
    method: operation.method,
    url: `${location.origin}${path}${query && `?${query}`}`,
    headers,
    body: operation.body ? draft.body : null,
  };
};

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const compact = (json: string): string => {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
};

/** The same as a command for a shell, with `$TOKEN` in place of a secret. */
export const curlOf = (asked: Asked, withToken: boolean): string => {
  const lines = Object.entries(asked.headers)
    .filter(([name, value]) => name !== "Accept" || value !== "application/json")
    .map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  if (withToken) lines.unshift('-H "Authorization: Bearer $TOKEN"');
  if (asked.body !== null) lines.push(`-d ${quoted(compact(asked.body))}`);
  const method = asked.method === "GET" ? "" : `-X ${asked.method} `;
  return [`curl -s ${method}${quoted(asked.url)}`, ...lines].join(" \\\n  ");
};

export interface Outcome {
  status: number;
  phrase: string;
  tookMs: number;
  headers: [name: string, value: string][];
  /** What an answer of JSON says. */
  value?: unknown;
  /** What is shown of it; null: it is no text. */
  text: string | null;
  file: Blob;
  /** What the file may be called: the end of its path. */
  called: string;
}

const TOLD = ["content-type", "x-request-id", "retry-after", "location", "www-authenticate", "content-language"];
const SHOWN = 100_000;

const clipped = (text: string): string =>
  text.length > SHOWN ? `${text.slice(0, SHOWN)}\n… and ${text.length - SHOWN} characters more` : text;

const read = async (file: Blob, type: string): Promise<Pick<Outcome, "value" | "text">> => {
  if (type.includes("json")) {
    const value = JSON.parse((await file.text()) || "null");
    return { value, text: clipped(JSON.stringify(value, null, 2)) };
  }
  return { text: type.startsWith("text/") ? clipped(await file.text()) : null };
};

/** Send it to this server. Throws TypeError: it cannot be reached. */
export const send = async (asked: Asked, token: string | null): Promise<Outcome> => {
  const began = performance.now();
  const response = await fetch(asked.url, {
    method: asked.method,
    headers: token ? { ...asked.headers, Authorization: `Bearer ${token}` } : asked.headers,
    body: asked.body,
    credentials: "omit", // the sessions of the other pages are not this one's
    cache: "no-store",
  });
  const file = await response.blob();
  const told = TOLD.map((name) => [name, response.headers.get(name)] as const);
  return {
    status: response.status,
    phrase: response.statusText,
    tookMs: performance.now() - began,
    headers: told.filter((each): each is readonly [string, string] => each[1] !== null).map(([a, b]) => [a, b]),
    file,
    called: asked.url.replace(/\?.*/, "").replace(/.*\//, ""),
    ...(await read(file, response.headers.get("content-type") ?? "")),
  };
};

/** Keep what the next requests will want: the ids in the path, and the id of what was made (`/v1/quotes`: `quote_id`). */
export const remember = (operation: Operation, draft: Draft, outcome: Outcome): void => {
  const ids = operation.parameters.filter((each) => each.in === "path").map((each) => [each.name, fieldOf(each)]);
  const typed = ids.map(([name, field]) => [name, draft.values[field ?? ""] ?? ""]);
  const made = outcome.value as { id?: unknown } | null | undefined;
  const last = operation.path.slice(operation.path.search(/[a-z]+$/));
  if (operation.method === "POST" && outcome.status === 201 && typeof made?.id === "string")
    typed.push([`${last.replace(/s$/, "")}_id`, made.id]);
  remembered.value = { ...remembered.value, ...Object.fromEntries(typed) };
};
