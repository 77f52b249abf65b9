/** The driver's page. */
import { useEffect, useState } from "preact/hooks";
import { city, useCity } from "../app/city";
import { t } from "../app/i18n";
import { me, unreachable } from "../app/session";
import { Beginning, Field, Select, Toasts } from "../ui/parts";
import { Phone } from "../ui/phone";
import { Welcome } from "../ui/welcome";
import { Documents } from "./documents";
import { DriveMap } from "./drive-map";
import { Earnings } from "./earnings";
import { beginPositions } from "./position";
import { Steps } from "./steps";
import { WhyNoRides } from "./why";
import { follow, offer } from "./work";

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

const MyCar = () => (
  <p class="soft small" dir="auto">
    {me.value?.vehicle?.colour} {me.value?.vehicle?.make} {me.value?.vehicle?.model} · {me.value?.vehicle?.plate}
  </p>
);

const Working = ({ failure }: { failure: unknown }) => {
  useEffect(() => {
    document.title = t("driver.title");
    const deaf = follow();
    const still = beginPositions();
    return () => {
      deaf();
      still();
    };
  }, []);
  if (!city.value) return <Beginning failure={failure} />;
  return (
    <Phone
      title={t("driver.title")}
      label={t("driver.work")}
      map={<DriveMap city={city.value} />}
      about={<MyCar />}
      urgent={offer.value?.offer_id}
      panels={{
        earnings: { title: t("driver.earnings"), show: (close) => <Earnings onClose={close} /> },
        documents: { title: t("driver.documents"), show: (close) => <Documents onClose={close} /> },
        why: { title: t("driver.why"), show: (close) => <WhyNoRides onClose={close} /> },
      }}
    >
      <Steps />
    </Phone>
  );
};

export const App = () => {
  const failure = useCity();
  return (
    <>
      {me.value === undefined && <Beginning failure={unreachable.value ?? failure} />}
      {me.value === null && (
        <Welcome
          title={t("driver.title")}
          lead={t("driver.lead")}
          more={(wrong) => <VehicleFields wrong={wrong} />}
          body={registration}
        />
      )}
      {me.value && <Working key={me.value.id} failure={failure} />}
      <Toasts />
    </>
  );
};
