/** Why there were few rides in the last hour, and what to do about it. */
import { get } from "../app/http";
import { t } from "../app/i18n";
import { useResource } from "../app/resource";
import { Dialog, Loading, Note, words } from "../ui/parts";

interface Why {
  summary: string;
  what_to_do: string[];
  reasons: { code: string; count: number; words: string }[];
  offers: { made: number; accepted: number; declined: number; expired: number };
}

export const WhyNoRides = ({ onClose }: { onClose: () => void }) => {
  const told = useResource(() => get<Why>("/v1/driver/why-no-rides"));
  return (
    <Dialog title={t("driver.why")} onClose={onClose}>
      {told.failure !== null && <Note kind="bad">{words(told.failure)}</Note>}
      {!told.value && told.failure === null && <Loading />}
      {told.value && (
        <>
          <p>{told.value.summary}</p>
          <ul class="facts">
            {told.value.what_to_do.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
          <ul class="list small soft">
            {told.value.reasons.map((each) => (
              <li key={each.code} class="row between">
                <span>{each.words}</span>
                <span class="number">{each.count}</span>
              </li>
            ))}
          </ul>
          <p class="small soft">
            {t("driver.offers_made", {
              made: told.value.offers.made,
              accepted: told.value.offers.accepted,
              declined: told.value.offers.declined,
              expired: told.value.offers.expired,
            })}
          </p>
        </>
      )}
    </Dialog>
  );
};
