/** How the states of a driver look. */
import type { Tone } from "../parts";
import type { Approval, Paper } from "./model";

export const APPROVALS: Record<Approval, Tone> = { pending: "warn", approved: "good", suspended: "bad" };

export const PAPERS: Record<Paper["state"], Tone> = {
  missing: "plain",
  submitted: "warn",
  accepted: "good",
  rejected: "bad",
  expired: "bad",
};
