/** How the states of a driver look. */
import { ApiError } from "../../app/http";
import { t } from "../../app/i18n";
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

/** The reason as it is sent. Throws ApiError of its field when there is none: it is kept, and the driver reads it. */
export const reasonOf = (typed: string): string => {
  const reason = typed.trim();
  if (!reason) throw new ApiError(422, "invalid", "", { reason: [t("ops.drivers.reason_wanted")] });
  return reason;
};
