/** Documents that need a token to be fetched: opened as files of the browser's own. */
import { ApiError } from "../app/http";
import { language } from "../app/i18n";
import { accessToken } from "../app/session";

const KEPT_MS = 60_000;

/** Open a trip's receipt as PDF. Throws ApiError. */
export const openDocument = async (tripId: string): Promise<void> => {
  const response = await fetch(`/v1/trips/${tripId}/receipt`, {
    headers: {
      Accept: "application/pdf",
      "Accept-Language": language.value,
      Authorization: `Bearer ${accessToken.value}`,
    },
  });
  if (!response.ok) {
    const { error } = await response.json();
    throw new ApiError(response.status, error.code, error.message);
  }
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = `receipt-${tripId}.pdf`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
};
