/** What the page reads of an AsyncAPI 3.0 document. */
import { lastOf, type Shape, type Shapes } from "../contract/shape";

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
  components: { messages: Record<string, Message>; schemas: Shapes };
}

/** The messages of an operation, seen from the server: what it receives is what an app sends. */
export const messagesOf = (contract: Contract, action: Operation["action"]): Message[] =>
  Object.values(contract.operations)
    .filter((operation) => operation.action === action)
    .flatMap((operation) => operation.messages)
    .map(({ $ref }) => contract.components.messages[lastOf($ref)])
    .filter((message) => message !== undefined);

/** The fields that tell messages apart: those of their data, or of the whole frame where it has none. */
export const dataOf = (contract: Contract, message: Message): Shape => {
  const reference = message.payload.properties?.data?.$ref;
  return (reference && contract.components.schemas[lastOf(reference)]) || message.payload;
};
