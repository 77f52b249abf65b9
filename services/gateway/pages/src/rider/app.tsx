/** The rider's page. */
import { useEffect } from "preact/hooks";
import { city, useCity } from "../app/city";
import { t } from "../app/i18n";
import { me, unreachable } from "../app/session";
import { Beginning, Toasts } from "../ui/parts";
import { Phone } from "../ui/phone";
import { Welcome } from "../ui/welcome";
import { History } from "./history";
import { follow, trip } from "./ride";
import { RideMap } from "./ride-map";
import { Steps } from "./steps";
import { Wallet } from "./wallet";

const Riding = () => {
  const failure = useCity();
  useEffect(() => {
    document.title = t("rider.title");
    return follow();
  }, []);
  if (!city.value) return <Beginning failure={failure} />;
  return (
    <Phone
      title={t("rider.title")}
      label={t(trip.value ? "rider.your_ride" : "rider.ask")}
      map={<RideMap city={city.value} />}
      panels={{
        history: { title: t("menu.history"), show: (close) => <History onClose={close} /> },
        wallet: { title: t("menu.wallet"), show: (close) => <Wallet onClose={close} /> },
      }}
    >
      <Steps />
    </Phone>
  );
};

export const App = () => (
  <>
    {me.value === undefined && <Beginning failure={unreachable.value} />}
    {me.value === null && <Welcome title={t("rider.title")} lead={t("rider.lead")} />}
    {me.value && <Riding key={me.value.id} />}
    <Toasts />
  </>
);
