/** What the pages about the contract make of JSON Schema, as OpenAPI 3.1 and AsyncAPI 3.0 write it. */

export interface Shape {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Shape[];
  items?: Shape;
  prefixItems?: Shape[];
  properties?: Record<string, Shape>;
  required?: string[];
  additionalProperties?: boolean | Shape;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
}

export type Shapes = Record<string, Shape>;

export const lastOf = (reference: string): string => reference.slice(reference.lastIndexOf("/") + 1);

/** The shape itself, where another is only named. */
export const resolved = (shapes: Shapes, shape: Shape): Shape =>
  shape.$ref ? (shapes[lastOf(shape.$ref)] ?? {}) : shape;

/** A shape's name without what only tells how it is checked. */
export const titleOf = (name: string): string => name.replace(/Schema$/, "");

/** What a field holds: words, or a named shape; one of it, a list, or one for each name; and whether it may be null. */
export interface Kind {
  words: string;
  named: string | null;
  many: "list of " | "an object with names of your own, each " | "";
  nullable: boolean;
}

const PLAIN: Record<string, string> = { "date-time": "RFC 3339 time", date: "date, YYYY-MM-DD" };

const typesOf = (shape: Shape): string[] => [shape.type ?? []].flat();

export const kindOf = (shape: Shape): Kind => {
  if (shape.$ref) return { words: "", named: lastOf(shape.$ref), many: "", nullable: false };
  if (shape.anyOf) {
    const real = shape.anyOf.filter((each) => each.type !== "null");
    return { ...kindOf(real[0] ?? {}), nullable: real.length < shape.anyOf.length };
  }
  const types = typesOf(shape);
  const nullable = types.includes("null");
  if (shape.prefixItems) {
    const words = `row of ${shape.prefixItems.map((each) => kindOf(each).words).join(", ")}`;
    return { words, named: null, many: "", nullable };
  }
  if (types.includes("array")) return { ...kindOf(shape.items ?? {}), many: "list of ", nullable };
  const values = shape.additionalProperties;
  if (types.includes("object") && !shape.properties && typeof values === "object")
    return { ...kindOf(values), many: "an object with names of your own, each ", nullable };
  const words = shape.const !== undefined ? JSON.stringify(shape.const) : (PLAIN[shape.format ?? ""] ?? "");
  const plain = types.filter((each) => each !== "null").join(" or ");
  return { words: words || plain || "any JSON", named: null, many: "", nullable };
};

const between = (from: number | undefined, to: number | undefined, unit: string): string => {
  if (from === undefined && to === undefined) return "";
  if (from === undefined) return `at most ${to}${unit}`;
  return to === undefined ? `at least ${from}${unit}` : `${from} to ${to}${unit}`;
};

/** The limits of a field, in words. */
export const limitsOf = (shape: Shape): string => {
  const limits = [
    between(shape.minimum, shape.maximum, ""),
    between(shape.minLength, shape.maxLength, " characters"),
    shape.prefixItems ? "" : between(shape.minItems, shape.maxItems, " of them"),
    shape.enum ? `one of ${shape.enum.filter((each) => each !== null).join(", ")}` : "",
    shape.default === undefined || shape.default === null ? "" : `${JSON.stringify(shape.default)} unless given`,
  ];
  const said = limits.filter(Boolean).join("; ");
  return said.charAt(0).toUpperCase() + said.slice(1);
};

const WORDS: Record<string, unknown> = { lat: 60.1699, lng: 24.9384, currency: "EUR", amount_minor: 1250, token: "…" };
const DEEPEST = 6;

const leafOf = (shape: Shape): unknown => {
  const type = typesOf(shape).find((each) => each !== "null");
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return Math.max(shape.minimum ?? 1, 1);
  if (type === "string" && shape.format === "date-time") return "2026-05-04T12:00:00.000Z";
  if (type === "string") return shape.format === "date" ? "2027-12-31" : "…";
  return type === "object" ? {} : null;
};

interface Telling {
  /** Values by the names of fields, before anything else. */
  words?: Record<string, unknown>;
  /** Leave out what may be left out. */
  terse?: boolean;
}

/** A value that a shape allows: to read, and to begin from. */
export const exampleOf = (shapes: Shapes, shape: Shape, telling: Telling = {}, name = "", depth = 0): unknown => {
  if (depth > DEEPEST) return null;
  const go = (part: Shape, called = name) => exampleOf(shapes, part, telling, called, depth + 1);
  if (telling.words && name in telling.words) return telling.words[name];
  if (shape.$ref) return go(shapes[lastOf(shape.$ref)] ?? {});
  if (shape.const !== undefined) return shape.const;
  if (shape.enum) return shape.enum[0];
  if (shape.anyOf) return go(shape.anyOf.find((each) => each.type !== "null") ?? {});
  if (shape.prefixItems) return shape.prefixItems.map((each) => go(each, ""));
  if (typesOf(shape).includes("array")) return [go(shape.items ?? {})];
  if (!shape.properties) return name in WORDS ? WORDS[name] : leafOf(shape);
  const needed = telling.terse && shape.required?.length ? shape.required : Object.keys(shape.properties);
  const parts = Object.entries(shape.properties).filter(([key]) => needed.includes(key));
  return Object.fromEntries(parts.map(([key, part]) => [key, go(part, key)]));
};
