/**
 * As whom requests are tried. The tokens are in this page's memory only, apart from those of the rider's, the driver's
 * and the operators' page: closing this one forgets them.
 */
import { signal } from "@preact/signals";
import { request } from "../app/http";

export interface Caller {
  name: string;
  role: string;
  token: string;
  refresh: string | null;
  /** When the token runs out, in ms of this browser's clock, as far as that is known. */
  until: number | null;
}

/** What an answer has in it that begins a session. */
export interface Session {
  user: { name: string; role: string };
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

export const caller = signal<Caller | null>(null);

const RENEWED_BEFORE_MS = 30_000;

export const isSession = (value: unknown): value is Session =>
  typeof value === "object" && value !== null && "access_token" in value && "user" in value;

export const adopt = ({ user, access_token, refresh_token, expires_in }: Session): void => {
  caller.value = {
    name: user.name,
    role: user.role,
    token: access_token,
    refresh: refresh_token ?? null,
    until: Date.now() + expires_in * 1000,
  };
};

/** Throws ApiError. */
export const signIn = async (email: string, password: string): Promise<void> => {
  adopt(await request<Session>("POST", "/v1/sessions", { body: { email, password } }));
};

/** Be whoever a token is of. Throws ApiError: nobody. */
export const bring = async (token: string): Promise<void> => {
  const user = await request<Session["user"]>("GET", "/v1/me", { headers: { Authorization: `Bearer ${token}` } });
  caller.value = { name: user.name, role: user.role, token, refresh: null, until: null };
};

/** Throws ApiError; the tokens are forgotten all the same. */
export const signOut = async (): Promise<void> => {
  const was = caller.value;
  caller.value = null;
  if (!was?.refresh) return; // a token that was brought belongs to somebody else's session
  await request("DELETE", "/v1/sessions/current", { headers: { Authorization: `Bearer ${was.token}` } });
};

let renewing: Promise<void> | null = null;

/** The token to send; renewed first if it is about to run out. Throws ApiError. */
export const freshToken = async (): Promise<string | null> => {
  const now = caller.value;
  if (now?.refresh && now.until !== null && now.until - RENEWED_BEFORE_MS < Date.now()) {
    // a refresh token is good once: two requests must not both use it
    renewing ??= request<Session>("POST", "/v1/sessions/refresh", { body: { refresh_token: now.refresh } })
      .then(adopt)
      .finally(() => {
        renewing = null;
      });
    await renewing;
  }
  return caller.value?.token ?? null;
};
