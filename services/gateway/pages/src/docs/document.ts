/** What the page reads of an OpenAPI 3.1 document. */
import type { Shape, Shapes } from "../contract/shape";

export type Place = "path" | "query" | "header";

export interface Parameter {
  name: string;
  in: Place;
  required?: boolean;
  description?: string;
  schema: Shape;
}

interface Media {
  schema?: Shape;
}

export interface Answer {
  description: string;
  content?: Record<string, Media>;
}

interface Described {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, Answer>;
  "x-roles"?: string[];
}

export interface Contract {
  info: { title: string; version: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Shapes };
}

/** One method of one path. */
export interface Operation {
  id: string;
  method: string;
  path: string;
  group: string;
  summary: string;
  description: string;
  /** Who may; empty: anybody, without a token. */
  roles: string[];
  parameters: Parameter[];
  body: Shape | null;
  /** The answer when all is well, and what else there may be. */
  status: string;
  answer: Answer;
  refusals: [status: string, answer: Answer][];
}

const operationOf = (path: string, method: string, described: Described): Operation => {
  const answers = Object.entries(described.responses);
  const [status, answer] = answers.find(([each]) => each.startsWith("2")) ?? ["200", { description: "" }];
  return {
    id: described.operationId,
    method: method.toUpperCase(),
    path,
    group: described.tags[0] ?? "",
    summary: described.summary,
    description: described.description ?? "",
    roles: described["x-roles"] ?? [],
    parameters: described.parameters,
    body: described.requestBody?.content["application/json"]?.schema ?? null,
    status,
    answer,
    refusals: answers.filter(([each]) => !each.startsWith("2")),
  };
};

export const operationsOf = (contract: Contract): Operation[] =>
  Object.entries(contract.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => operationOf(path, method, described)),
  );

/** The content types of an answer, JSON first. */
export const typesOf = (answer: Answer): string[] => Object.keys(answer.content ?? {});
