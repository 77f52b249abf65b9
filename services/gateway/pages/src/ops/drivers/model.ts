/** What operators are told of a driver. */
import type { Money, Point } from "../../app/http";
import type { Paper as OwnPaper } from "../../app/papers";
import type { Person } from "../trips/model";

export type Approval = "pending" | "approved" | "suspended";

export interface Driver {
  id: string;
  name: string;
  rating: number | null;
  rating_count: number;
  vehicle: { make: string; model: string; colour: string; plate: string; category: string };
  approval: Approval;
  suspended_for: string | null;
  online: boolean;
  went_online_at: string | null;
  created_at: string;
}

export interface Decision {
  at: string;
  approval: Approval;
  reason: string | null;
  by: Person;
}

export interface Paper extends OwnPaper {
  decided_by: Person;
}

export interface Place {
  point: Point;
  bearing_deg: number | null;
  at: string;
  state: string;
}

export interface WholeDriver extends Driver {
  email: string | null;
  phone: string | null;
  decisions: Decision[];
  documents: Paper[];
  position: Place | null;
  trip: { id: string; state: string } | null;
  totals: Record<string, number | Money | null> | null;
  missing: { part: string; code: string }[];
}

export interface Marked {
  at: string;
  seq: number;
  point: Point;
  reason: string;
}

export interface Standing {
  driver_id: string;
  driver_name?: string | null;
  total: number;
  counts: Record<string, number>;
  offered: boolean;
  why_not: string | null;
  doubtful_until: string | null;
}

export interface Positions extends Standing {
  last: Marked[];
  position: Place | null;
}

export interface Doubted extends Standing {
  last_at: string;
}

export interface Why {
  since: string;
  until: string;
  summary: string;
  why_not: string | null;
  online_s: number;
  rides: number | null;
  riding_s: number | null;
  considered: number;
  reasons: { code: string; count: number; nearer_s?: number | null; words: string }[];
  advice: {
    code: string;
    requests: number | null;
    distance_m: number | null;
    direction: string | null;
    words: string;
  }[];
  offers: {
    made: number;
    accepted: number;
    declined: number;
    expired: number;
    withdrawn: number;
    mean_answer_s: number | null;
  };
  near: { within_m: number; requests: number | null; unmet: number | null };
  missing: string[];
}
