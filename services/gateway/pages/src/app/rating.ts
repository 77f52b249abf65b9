/** Rating the other party of a trip: once, and once more changes nothing. */
import { ApiError, post } from "./http";

/** Throws ApiError. */
export const rate = async (tripId: string, stars: number, comment = ""): Promise<void> => {
  try {
    await post(`/v1/trips/${tripId}/rating`, { stars, ...(comment ? { comment } : {}) });
  } catch (reason) {
    if (!(reason instanceof ApiError && reason.code === "already_rated")) throw reason;
  }
};
