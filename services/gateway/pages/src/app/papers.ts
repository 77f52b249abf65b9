/** A driver's documents as the public contract tells them. */
export interface Paper {
  kind: string;
  /** Without it nobody drives. */
  required: boolean;
  state: "missing" | "submitted" | "accepted" | "rejected" | "expired";
  number: string | null;
  expires_at: string | null;
  submitted_at: string | null;
  decided_at: string | null;
  reason: string | null;
}
