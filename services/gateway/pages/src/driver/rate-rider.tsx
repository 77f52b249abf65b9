/** Stars for the rider. */
import { useState } from "preact/hooks";
import { t } from "../app/i18n";
import { Note, toast, words } from "../ui/parts";
import { Stars } from "../ui/stars";

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
  return <Stars label={t("driver.rate")} given={given} onGive={give} />;
};
