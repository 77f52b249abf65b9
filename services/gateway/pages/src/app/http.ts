/** Requests to the public contract: one form of errors, tokens renewed by themselves, nothing asked twice by mistake. */

export interface Money {
  amount_minor: number;
  currency: string;
}

export interface Point {
  lat: number;
  lng: number;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** What the server refused, or `code: "offline"` when it could not be reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly requestId = "",
    /** After which it may be asked again, as the server says. */
    readonly retryAfterS = 1,
  ) {
    super(message);
  }

  /** The messages of each field that was wrong. */
  get fields(): Record<string, string> {
    const named = Object.entries(this.details).filter(([, value]) => Array.isArray(value));
    return Object.fromEntries(named.map(([name, messages]) => [name, (messages as string[]).join(" ")]));
  }
}

interface Options {
  body?: unknown;
  key?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  query?: Record<string, string | number | boolean | null | undefined>;
  /** Told each time that nobody answered and it is asked again; somebody waits for it, so it is asked for longer. */
  onWait?: (failure: ApiError) => void;
}

let token: string | null = null;
let renew: () => Promise<boolean> = async () => false;

/** The session gives the token that requests carry, and how to get a new one. */
export const useToken = (value: string | null) => {
  token = value;
};
export const useRenewal = (how: () => Promise<boolean>) => {
  renew = how;
};

/** A new key for a request that must have one effect only, however often it is sent. */
export const newKey = (): string => crypto.randomUUID();

const TRIES = 3;
/** How long is asked again where somebody is told that he waits: longer than a service takes to begin again. */
const PATIENCE_MS = 20_000;
/** Answers of a gateway whose services are away, and of a proxy whose gateway is. */
const AWAY = new Set([502, 503, 504]);
const LONGEST_WAIT_S = 3;
const LONGEST_OFFLINE_MS = 1500;
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

const address = (path: string, query?: Options["query"]): string => {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined);
  return given.length ? `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : path;
};

const errorOf = async (response: Response): Promise<ApiError> => {
  const wait = Number(response.headers.get("Retry-After") ?? 1);
  try {
    const { error } = await response.json();
    return new ApiError(response.status, error.code, error.message, error.details, error.request_id, wait);
  } catch {
    const text = response.statusText || "The server's answer was not readable.";
    return new ApiError(response.status, "unreadable", text, {}, "", wait);
  }
};

let skewMs = 0;

/** Milliseconds since 1970 by the server's clock, as far as its answers tell it: within a second. */
export const serverNow = (): number => Date.now() + skewMs;

const readClock = (response: Response, askedAt: number) => {
  const told = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isNaN(told)) return;
  // what is told is cut to the second; a clock that is right but for that is left as it is
  const off = told + 500 - (askedAt + Date.now()) / 2;
  skewMs = Math.abs(off) > 2000 ? off : 0;
};

const once = async (method: string, path: string, options: Options): Promise<Response> => {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.key) headers["Idempotency-Key"] = options.key;
  if (token && !headers.Authorization) headers.Authorization = `Bearer ${token}`;
  const askedAt = Date.now();
  try {
    const response = await fetch(address(path, options.query), {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
      credentials: "same-origin",
    });
    readClock(response, askedAt);
    return response;
  } catch (reason) {
    if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
    throw new ApiError(0, "offline", "");
  }
};

/** Nobody was there to answer, now: the same may be asked again. */
const isAway = (failure: ApiError): boolean =>
  failure.code === "offline" || (AWAY.has(failure.status) && failure.retryAfterS <= LONGEST_WAIT_S);

/**
 * Ask the server. What may safely be sent again (reading, or with a key) is, while a part of it is down or the line is.
 * Throws ApiError.
 */
export const request = async <T>(method: string, path: string, options: Options = {}): Promise<T> => {
  const repeatable = method === "GET" || options.key !== undefined;
  const began = Date.now();
  let renewed = false;
  for (let attempt = 1; ; attempt++) {
    let failure: ApiError;
    try {
      const response = await once(method, path, options);
      if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
      if (response.status === 401 && !renewed && !options.headers?.Authorization && (await renew())) {
        renewed = true;
        continue;
      }
      failure = await errorOf(response);
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      failure = reason;
    }
    const over = options.onWait ? Date.now() - began > PATIENCE_MS : attempt === TRIES;
    if (!repeatable || over || !isAway(failure)) throw failure;
    options.onWait?.(failure);
    await pause(failure.code === "offline" ? Math.min(LONGEST_OFFLINE_MS, 300 * attempt) : failure.retryAfterS * 1000);
  }
};

export const get = <T>(path: string, query?: Options["query"], signal?: AbortSignal) =>
  request<T>("GET", path, signal ? { query, signal } : { query });
export const post = <T>(path: string, body: unknown = {}, key: string | undefined = newKey()) =>
  request<T>("POST", path, key ? { body, key } : { body });
export const put = <T>(path: string, body: unknown) => request<T>("PUT", path, { body });
export const patch = <T>(path: string, body: unknown) => request<T>("PATCH", path, { body });
