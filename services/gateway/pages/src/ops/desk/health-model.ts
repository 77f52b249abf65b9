/** What the server says of itself. */
export interface Service {
  name: string;
  ok: boolean | null;
  why: string | null;
  consumers: number | null;
  processes: number | null;
  ready_messages: number | null;
  parked: number | null;
}

export interface Store {
  name: string;
  ok: boolean;
  why: string | null;
  answer_ms: number | null;
  facts: Record<string, unknown>;
}

export interface Health {
  at: string;
  services: Service[];
  stores: Store[];
  outboxes: { service: string; waiting: number | null; oldest_s: number | null }[];
  gateways: { id: string; sockets: number }[];
}

export interface ParkedMessage {
  service: string;
  queue: string | null;
  id: string;
  name: string;
  key: string;
  error: string;
  parked_at: string | null;
  tries: number | null;
  body: string;
}

export interface Parked {
  items: ParkedMessage[];
  counts: Record<string, number>;
}
