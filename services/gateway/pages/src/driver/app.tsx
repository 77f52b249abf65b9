/** The driver's page. */
import { useEffect, useState } from "preact/hooks";
import { get } from "../app/http";
import { t } from "../app/i18n";
import { change, me, signOut } from "../app/session";
import type { City } from "../map/city-map";
import { Button, Dialog, Field, LineState, Loading, Preferences, Select, Toasts, words } from "../ui/parts";
import { Welcome } from "../ui/welcome";
import { DriveMap } from "./drive-map";
import { Earnings } from "./earnings";
import { beginPositions } from "./position";
import { Steps } from "./steps";
import { WhyNoRides } from "./why";
import { city, follow } from "./work";

type Panel = "menu" | "earnings" | "why" | null;

const CATEGORIES = ["standard", "comfort", "van"] as const;

const VehicleFields = ({ wrong }: { wrong: Record<string, string> }) => {
  const [category, setCategory] = useState<string>(city.value?.categories[0] ?? "standard");
  const named = (name: string) => wrong[`vehicle.${name}`];
  return (
    <>
      <h2>{t("driver.vehicle")}</h2>
      <Field label={t("driver.make")} name="make" required wrong={named("make")} />
      <Field label={t("driver.model")} name="model" required wrong={named("model")} />
      <Field label={t("driver.colour")} name="colour" required wrong={named("colour")} />
      <Field label={t("driver.plate")} name="plate" required autoCapitalize="characters" wrong={named("plate")} />
      <input type="hidden" name="category" value={category} />
      <Select
        label={t("driver.category")}
        value={category}
        options={(city.value?.categories ?? CATEGORIES).map((name) => [
          name,
          t(`category.${name}`, { defaultValue: name }),
        ])}
        onChange={setCategory}
        wrong={named("category")}
      />
    </>
  );
};

const registration = (values: Record<string, string>) => {
  const { email, password, name, phone, make, model, colour, plate, category } = values;
  return { email, password, name, phone, vehicle: { make, model, colour, plate, category } };
};

const Menu = ({ open }: { open: (panel: Panel) => void }) => (
  <Dialog title={me.value?.name ?? ""} onClose={() => open(null)}>
    <p class="soft small" dir="auto">
      {me.value?.vehicle?.colour} {me.value?.vehicle?.make} {me.value?.vehicle?.model} · {me.value?.vehicle?.plate}
    </p>
    <Button wide onClick={() => open("earnings")}>
      {t("driver.earnings")}
    </Button>
    <Button wide onClick={() => open("why")}>
      {t("driver.why")}
    </Button>
    <Preferences onLanguage={(language) => void change({ language }).catch(() => undefined)} />
    <Button wide kind="quiet" onClick={signOut}>
      {t("account.sign_out")}
    </Button>
  </Dialog>
);

const Working = () => {
  const [panel, open] = useState<Panel>(null);
  useEffect(() => {
    document.title = t("driver.title");
    const deaf = follow();
    const still = beginPositions();
    return () => {
      deaf();
      still();
    };
  }, []);
  if (!city.value) return <Loading />;
  return (
    <main class="phone">
      <h1 class="unseen">{t("driver.title")}</h1>
      <DriveMap city={city.value} />
      <LineState />
      <div class="top">
        <Button label={t("menu.open")} onClick={() => open("menu")}>
          <span aria-hidden="true">☰</span>
        </Button>
      </div>
      <section class="sheet" aria-label={t("driver.work")}>
        <Steps />
      </section>
      {panel === "menu" && <Menu open={open} />}
      {panel === "earnings" && <Earnings onClose={() => open(null)} />}
      {panel === "why" && <WhyNoRides onClose={() => open(null)} />}
    </main>
  );
};

export const App = () => {
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    get<{ items: City[] }>("/v1/cities")
      .then(({ items }) => {
        city.value = items[0] ?? null;
      })
      .catch(setFailure);
  }, []);
  return (
    <>
      {failure !== null && <p class="empty">{words(failure)}</p>}
      {me.value === undefined && <Loading />}
      {me.value === null && (
        <Welcome
          title={t("driver.title")}
          lead={t("driver.lead")}
          more={(wrong) => <VehicleFields wrong={wrong} />}
          body={registration}
        />
      )}
      {me.value && <Working key={me.value.id} />}
      <Toasts />
    </>
  );
};
