/** Documents that need a token to be fetched: saved as files of the browser's own. */
import { ApiError } from "../app/http";
import { language } from "../app/i18n";
import { accessToken } from "../app/session";

const KEPT_MS = 60_000;

/** Save what lies at a path as PDF. Throws ApiError. */
export const openFile = async (path: string, name: string): Promise<void> => {
  const response = await fetch(`${path}?lang=${language.value}`, {
    headers: { Accept: "application/pdf", Authorization: `Bearer ${accessToken.value}` },
  });
  if (!response.ok) {
    const { error } = await response.json();
    throw new ApiError(response.status, error.code, error.message);
  }
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name}.pdf`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
};

/** Save a trip's receipt as PDF. Throws ApiError. */
export const openDocument = (tripId: string): Promise<void> =>
  openFile(`/v1/trips/${tripId}/receipt`, `receipt-${tripId}`);
