/** The rider's page. */
import { useEffect, useState } from "preact/hooks";
import { get } from "../app/http";
import { t } from "../app/i18n";
import { change, me, signOut } from "../app/session";
import type { City } from "../map/city-map";
import { Button, Dialog, LineState, Loading, Preferences, Toasts, words } from "../ui/parts";
import { Welcome } from "../ui/welcome";
import { History } from "./history";
import { city, follow, trip } from "./ride";
import { RideMap } from "./ride-map";
import { Steps } from "./steps";
import { Wallet } from "./wallet";

type Panel = "menu" | "history" | "wallet" | null;

const Menu = ({ open }: { open: (panel: Panel) => void }) => (
  <Dialog title={me.value?.name ?? ""} onClose={() => open(null)}>
    <Button wide onClick={() => open("history")}>
      {t("menu.history")}
    </Button>
    <Button wide onClick={() => open("wallet")}>
      {t("menu.wallet")}
    </Button>
    <Preferences onLanguage={(language) => void change({ language }).catch(() => undefined)} />
    <Button wide kind="quiet" onClick={signOut}>
      {t("account.sign_out")}
    </Button>
  </Dialog>
);

const Riding = () => {
  const [panel, open] = useState<Panel>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    document.title = t("rider.title");
    get<{ items: City[] }>("/v1/cities")
      .then(({ items }) => {
        city.value = items[0] ?? null;
      })
      .catch(setFailure);
    return follow();
  }, []);
  if (!city.value) return failure ? <p class="empty">{words(failure)}</p> : <Loading />;
  return (
    <main class="phone">
      <h1 class="unseen">{t("rider.title")}</h1>
      <RideMap city={city.value} />
      <LineState />
      <div class="top">
        <Button label={t("menu.open")} onClick={() => open("menu")}>
          <span aria-hidden="true">☰</span>
        </Button>
      </div>
      <section class="sheet" aria-label={t(trip.value ? "rider.your_ride" : "rider.ask")}>
        <Steps />
      </section>
      {panel === "menu" && <Menu open={open} />}
      {panel === "history" && <History onClose={() => open(null)} />}
      {panel === "wallet" && <Wallet onClose={() => open(null)} />}
    </main>
  );
};

export const App = () => (
  <>
    {me.value === undefined && <Loading />}
    {me.value === null && <Welcome title={t("rider.title")} lead={t("rider.lead")} />}
    {me.value && <Riding key={me.value.id} />}
    <Toasts />
  </>
);
