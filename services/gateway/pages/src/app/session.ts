/**
 * Who is signed in. The access token lives in this page's memory only; what renews it is in a cookie that no script can
 * read. Tabs of one role share a session: one renews at a time, and tells the others.
 */
import { signal } from "@preact/signals";
import { ApiError, get, newKey, patch, request, useRenewal, useToken } from "./http";

export type Role = "rider" | "driver" | "ops";

export interface Vehicle {
  make: string;
  model: string;
  colour: string;
  plate: string;
  category: string;
}

export interface Profile {
  id: string;
  role: Role;
  email: string;
  name: string;
  phone: string | null;
  language: string | null;
  rating: number | null;
  vehicle?: Vehicle;
  approval?: "pending" | "approved" | "suspended";
  online?: boolean;
}

interface Session {
  user: Profile;
  access_token: string;
  expires_in: number;
}

/** `undefined` while it is not known yet. */
export const me = signal<Profile | null | undefined>(undefined);
/** Why it cannot be found out whether somebody is signed in; it is tried again. */
export const unreachable = signal<unknown>(null);
/** The access token, for the socket. */
export const accessToken = signal<string | null>(null);

const RENEWED_BEFORE_S = 60;
const TRIED_AGAIN_MS = 3000;
let role: Role = "rider";
let timer: ReturnType<typeof setTimeout> | undefined;
let others: BroadcastChannel | undefined;
let latest = 0;

const keep = (session: Session, tell: boolean) => {
  latest = Date.now();
  useToken(session.access_token);
  accessToken.value = session.access_token;
  me.value = session.user;
  unreachable.value = null;
  clearTimeout(timer);
  timer = setTimeout(() => void renew(), Math.max(5, session.expires_in - RENEWED_BEFORE_S) * 1000);
  if (tell) others?.postMessage({ session });
};

const drop = (tell: boolean) => {
  clearTimeout(timer);
  useToken(null);
  accessToken.value = null;
  me.value = null;
  unreachable.value = null;
  if (tell) others?.postMessage({ ended: true });
};

const cookie = () => ({ "X-Session-Cookie": role });

/** A new access token by the cookie; false when there is no session any more. */
const renew = async (): Promise<boolean> => {
  const asked = Date.now();
  return navigator.locks.request(`hansom-${role}`, async () => {
    // another tab, or another request of this one, was faster
    if (latest > asked) return true;
    try {
      const key = crypto.randomUUID();
      keep(
        await request<Session>("POST", "/v1/sessions/refresh", {
          body: {},
          key,
          headers: { ...cookie(), Authorization: "none" },
        }),
        true,
      );
      return true;
    } catch (reason) {
      if (reason instanceof ApiError && reason.status === 401) drop(true);
      else if (me.value === undefined) {
        unreachable.value = reason;
        clearTimeout(timer);
        timer = setTimeout(() => void renew(), TRIED_AGAIN_MS);
      }
      return false;
    }
  });
};

/** Begin: find out whether somebody is signed in as this role in this browser. */
export const begin = async (as: Role): Promise<void> => {
  role = as;
  useRenewal(renew);
  others = new BroadcastChannel(`hansom-${role}`);
  others.onmessage = ({ data }) => {
    if (data.session) keep(data.session, false);
    else if (data.ended) drop(false);
  };
  await renew();
};

type OnWait = (failure: ApiError) => void;

/** `onWait`: told when nobody answers and it is tried again. Throws ApiError. */
export const signIn = async (email: string, password: string, onWait: OnWait): Promise<void> => {
  const body = { email, password };
  // an answer that was lost on its way is given again by its key: no second session
  const session = await request<Session>("POST", "/v1/sessions", { body, key: newKey(), headers: cookie(), onWait });
  if (session.user.role !== role) {
    useToken(session.access_token);
    await request("DELETE", "/v1/sessions/current", { headers: cookie() }).catch(() => undefined);
    useToken(null);
    throw new ApiError(403, "other_role", "", { role: session.user.role });
  }
  keep(session, true);
};

/** `onWait`: told when nobody answers and it is tried again. Throws ApiError. */
export const signUp = async (body: Record<string, unknown>, key: string, onWait: OnWait): Promise<void> => {
  keep(await request<Session>("POST", `/v1/${role}s`, { body, key, headers: cookie(), onWait }), true);
};

export const signOut = async (): Promise<void> => {
  try {
    await request("DELETE", "/v1/sessions/current", { headers: cookie() });
  } finally {
    drop(true);
  }
};

export const reload = async (): Promise<void> => {
  me.value = await get<Profile>("/v1/me");
};

/** Throws ApiError. */
export const change = async (changes: Partial<Profile>): Promise<void> => {
  me.value = await patch<Profile>("/v1/me", changes);
};
