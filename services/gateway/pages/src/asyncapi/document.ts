/** What the page reads of an AsyncAPI 3.0 document, and what it makes of its schemas. */

export interface Shape {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Shape[];
  items?: Shape;
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

export interface Message {
  name: string;
  summary: string;
  payload: Shape;
}

interface Operation {
  action: "send" | "receive";
  messages: { $ref: string }[];
}

export interface Contract {
  info: { title: string; version: string; description: string };
  channels: Record<string, { address: string }>;
  operations: Record<string, Operation>;
  components: { messages: Record<string, Message>; schemas: Record<string, Shape> };
}

const lastOf = (reference: string): string => reference.slice(reference.lastIndexOf("/") + 1);

/** The messages of an operation, seen from the server: what it receives is what an app sends. */
export const messagesOf = (contract: Contract, action: Operation["action"]): Message[] =>
  Object.values(contract.operations)
    .filter((operation) => operation.action === action)
    .flatMap((operation) => operation.messages)
    .map(({ $ref }) => contract.components.messages[lastOf($ref)])
    .filter((message) => message !== undefined);

/** A shape's name, where it has one, and whether it may be null or is a list of it. */
export interface Kind {
  words: string;
  named: string | null;
  list: boolean;
  nullable: boolean;
}

const PLAIN: Record<string, string> = { "date-time": "RFC 3339 time" };

export const kindOf = (shape: Shape): Kind => {
  if (shape.$ref) return { words: "", named: lastOf(shape.$ref), list: false, nullable: false };
  if (shape.anyOf) {
    const real = shape.anyOf.filter((each) => each.type !== "null");
    return { ...kindOf(real[0] ?? {}), nullable: real.length < shape.anyOf.length };
  }
  const types = [shape.type ?? []].flat();
  const nullable = types.includes("null");
  if (types.includes("array")) return { ...kindOf(shape.items ?? {}), list: true, nullable };
  const words = shape.const !== undefined ? JSON.stringify(shape.const) : (PLAIN[shape.format ?? ""] ?? "");
  const plain = types.filter((each) => each !== "null").join(" or ");
  return { words: words || plain || "any JSON", named: null, list: false, nullable };
};

const between = (from: number | undefined, to: number | undefined, unit: string): string => {
  if (from === undefined && to === undefined) return "";
  if (from === undefined) return `at most ${to}${unit}`;
  return to === undefined ? `at least ${from}${unit}` : `${from} to ${to}${unit}`;
};

/** The limits of a field, in words. */
export const limitsOf = (shape: Shape): string =>
  [
    between(shape.minimum, shape.maximum, ""),
    between(shape.minLength, shape.maxLength, " characters"),
    between(shape.minItems, shape.maxItems, " of them"),
    shape.enum ? `one of ${shape.enum.filter((each) => each !== null).join(", ")}` : "",
  ]
    .filter(Boolean)
    .join("; ");

const WORDS: Record<string, unknown> = { lat: 60.1699, lng: 24.9384, currency: "EUR", amount_minor: 1250, token: "…" };
const DEEPEST = 6;

const exampleOfType = (type: string | undefined, shape: Shape, name: string): unknown => {
  if (name in WORDS) return WORDS[name];
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return Math.max(shape.minimum ?? 1, 1);
  if (type === "string") return shape.format === "date-time" ? "2026-05-04T12:00:00.000Z" : "…";
  return type === "object" ? {} : null;
};

/** A value that a shape allows: to read, and to begin from. */
export const exampleOf = (contract: Contract, shape: Shape, name = "", depth = 0): unknown => {
  if (depth > DEEPEST) return null;
  const go = (part: Shape, called = name) => exampleOf(contract, part, called, depth + 1);
  if (shape.$ref) return go(contract.components.schemas[lastOf(shape.$ref)] ?? {});
  if (shape.const !== undefined) return shape.const;
  if (shape.enum) return shape.enum[0];
  if (shape.anyOf) return go(shape.anyOf.find((each) => each.type !== "null") ?? {});
  const type = [shape.type ?? []].flat().find((each) => each !== "null");
  if (type === "array") return [go(shape.items ?? {})];
  if (!shape.properties) return name === "correlation_id" ? "c1" : exampleOfType(type, shape, name);
  return Object.fromEntries(Object.entries(shape.properties).map(([key, part]) => [key, go(part, key)]));
};
