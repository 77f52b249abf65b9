/** Stars for the rider. */
import { useState } from "preact/hooks";
import { t } from "../app/i18n";
import { Note, toast, words } from "../ui/parts";

export const RateRider = ({ send }: { send: (stars: number) => Promise<void> }) => {
  const [given, setGiven] = useState(0);
  const give = async (stars: number) => {
    setGiven(stars);
    try {
      await send(stars);
    } catch (reason) {
      setGiven(0);
      toast(words(reason), true);
    }
  };
  if (given) return <Note>{t("rating.thanks")}</Note>;
  return (
    <fieldset class="stars">
      <legend class="unseen">{t("driver.rate")}</legend>
      {[1, 2, 3, 4, 5].map((each) => (
        <button key={each} type="button" aria-label={t("rating.stars", { count: each })} onClick={() => give(each)}>
          <span aria-hidden="true">★</span>
        </button>
      ))}
    </fieldset>
  );
};
