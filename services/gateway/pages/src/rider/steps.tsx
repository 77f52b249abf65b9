/** What stands in the rider's sheet, by how far his ride is. */
import { useEffect, useState } from "preact/hooks";
import { dayAndTime, distance, duration, money } from "../app/format";
import { get, type Money } from "../app/http";
import { t } from "../app/i18n";
import type { Option, Quote, Trip } from "../app/trip";
import { Button, Dialog, Loading, Note, words } from "../ui/parts";
import { After } from "./after";
import { PlaceField } from "./place-field";
import {
  ask,
  askFares,
  beginAnew,
  cancel,
  category,
  changeDestination,
  choose,
  confirm,
  confirmation,
  dropoff,
  moved,
  news,
  option,
  type Place,
  pickup,
  promoCode,
  quote,
  quoteDestination,
  quoteFailure,
  quoting,
  trip,
  waiting,
} from "./ride";
import { MethodChoice } from "./wallet";
import "../ui/ride.css";

const Breakdown = ({ option: chosen, onClose }: { option: Option; onClose: () => void }) => (
  <Dialog title={t("fare.explained", { category: t(`category.${chosen.category}`) })} onClose={onClose}>
    <dl class="amounts">
      {chosen.breakdown.map((each) => (
        <>
          <dt>{t(`line.${each.code}`, { defaultValue: each.label })}</dt>
          <dd>{money(each.amount)}</dd>
        </>
      ))}
      {chosen.promo && (
        <>
          <dt>{chosen.promo.label}</dt>
          <dd>−{money(chosen.promo.discount)}</dd>
        </>
      )}
      <dt class="sum">{t("fare.total")}</dt>
      <dd class="sum">{money(chosen.promo?.to_pay ?? chosen.fare)}</dd>
    </dl>
    {chosen.surge.multiplier > 1 && chosen.surge.reason && <Note kind="warn">{chosen.surge.reason}</Note>}
    {chosen.cancellation?.free_s != null && (
      <p class="soft small">
        {t("fare.cancellation", {
          free: duration(chosen.cancellation.free_s),
          fee: money(chosen.cancellation.fee),
        })}
      </p>
    )}
  </Dialog>
);

const FareChoice = ({ each }: { each: Option }) => (
  <label class="choice">
    <input
      class="unseen"
      type="radio"
      name="category"
      value={each.category}
      checked={category.value === each.category}
      onChange={() => {
        category.value = each.category;
      }}
    />
    <span class="grow">
      <strong>{t(`category.${each.category}`, { defaultValue: each.category })}</strong>
      {each.surge.multiplier > 1 && <span class="badge warn">{t("fare.busy")}</span>}
      <span class="soft small block">
        {each.pickup_eta_s === null ? t("fare.no_car") : t("fare.pickup_in", { time: duration(each.pickup_eta_s) })}
      </span>
    </span>
    <span class="price number">
      {each.promo && <s class="soft small block">{money(each.fare)}</s>}
      <strong>{money(each.promo?.to_pay ?? each.fare)}</strong>
    </span>
  </label>
);

const Promo = () => {
  const [open, setOpen] = useState(promoCode.value !== "");
  if (!open) {
    return (
      <Button kind="quiet" onClick={() => setOpen(true)}>
        {t("fare.have_code")}
      </Button>
    );
  }
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        void askFares();
      }}
    >
      <label class="grow">
        <span class="unseen">{t("fare.code")}</span>
        <input
          class="input"
          placeholder={t("fare.code")}
          value={promoCode.value}
          autoCapitalize="characters"
          onInput={(event) => {
            promoCode.value = event.currentTarget.value;
          }}
        />
      </label>
      <Button type="submit">{t("fare.use_code")}</Button>
    </form>
  );
};

const Fares = () => {
  const [explained, setExplained] = useState(false);
  const given = quote.value;
  useEffect(() => {
    if (!given) return;
    const left = Date.parse(given.expires_at) - Date.now();
    const timer = setTimeout(() => void askFares(), Math.max(1000, left));
    return () => clearTimeout(timer);
  }, [given?.id]);
  if (quoteFailure.value) {
    return (
      <div class="stack">
        <Note kind="bad">{words(quoteFailure.value)}</Note>
        <Promo />
        <Button onClick={askFares}>{t("ui.again")}</Button>
      </div>
    );
  }
  if (given?.distance_m === 0) return <Note kind="warn">{t("rider.same_place")}</Note>;
  if (!given) return quoting.value ? <Loading what={t("fare.asking")} /> : null;
  const chosen = option.value;
  const busy = given.options.find((each) => each.surge.multiplier > 1)?.surge.reason;
  return (
    <div class="stack">
      <p class="soft small">
        {distance(given.distance_m)} · {duration(given.duration_s)}
        {given.estimated && ` · ${t("fare.estimated")}`}
      </p>
      {busy && <Note kind="warn">{busy}</Note>}
      <fieldset class="choices">
        <legend class="unseen">{t("fare.choose")}</legend>
        {given.options.map((each) => (
          <FareChoice key={each.category} each={each} />
        ))}
      </fieldset>
      {chosen && (
        <Button kind="quiet" onClick={() => setExplained(true)}>
          {t("fare.why")}
        </Button>
      )}
      <MethodChoice />
      <Promo />
      <Button kind="first" wide disabled={!chosen || quoting.value} onClick={ask}>
        {t("rider.ask_for", { category: t(`category.${category.value}`, { defaultValue: category.value ?? "" }) })}
      </Button>
      {explained && chosen && <Breakdown option={chosen} onClose={() => setExplained(false)} />}
    </div>
  );
};

const Where = () => (
  <div class="stack">
    <h2>{t("rider.where")}</h2>
    <PlaceField label={t("rider.from")} place={pickup.value} onChoose={(place) => choose("pickup", place)} />
    <PlaceField label={t("rider.to")} place={dropoff.value} onChoose={(place) => choose("dropoff", place)} />
    {!(pickup.value && dropoff.value) && <p class="soft small">{t("rider.or_tap")}</p>}
    <Fares />
  </div>
);

interface Preview {
  fee: Money;
  free_until: string | null;
  reason?: string;
}

const Cancel = ({ ride }: { ride: Trip }) => {
  const [preview, setPreview] = useState<Preview | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [open, setOpen] = useState(false);
  const look = async () => {
    setPreview(null);
    setFailure(null);
    setOpen(true);
    get<Preview>(`/v1/trips/${ride.id}/cancel-preview`).then(setPreview).catch(setFailure);
  };
  return (
    <>
      <Button kind="quiet" wide onClick={look}>
        {ride.state === "in_progress" ? t("rider.end_here") : t("rider.cancel")}
      </Button>
      {open && (
        <Dialog title={t("rider.cancel_sure")} onClose={() => setOpen(false)}>
          {!preview && !failure && <Loading />}
          {failure !== null && <Note kind="bad">{words(failure)}</Note>}
          {preview && (
            <Note kind={preview.fee.amount_minor ? "warn" : undefined}>
              {preview.fee.amount_minor ? t("rider.cancel_costs", { fee: money(preview.fee) }) : t("rider.cancel_free")}{" "}
              {preview.reason}
            </Note>
          )}
          <Button kind="bad" wide disabled={!preview && !failure} onClick={() => cancel().then(() => setOpen(false))}>
            {t("rider.cancel_yes")}
          </Button>
          <Button wide onClick={() => setOpen(false)}>
            {t("rider.cancel_no")}
          </Button>
        </Dialog>
      )}
    </>
  );
};

const Elsewhere = ({ ride }: { ride: Trip }) => {
  const [open, setOpen] = useState(false);
  const [place, setPlace] = useState<Place | null>(null);
  const [given, setGiven] = useState<Quote | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const choosePlace = async (chosen: Place | null) => {
    setPlace(chosen);
    setGiven(null);
    setFailure(null);
    if (chosen) await quoteDestination(ride, chosen).then(setGiven, setFailure);
  };
  const fare = given?.options[0];
  const close = () => {
    setOpen(false);
    setPlace(null);
    setGiven(null);
    setFailure(null);
  };
  return (
    <>
      <Button kind="quiet" wide onClick={() => setOpen(true)}>
        {t("rider.elsewhere")}
      </Button>
      {open && (
        <Dialog title={t("rider.elsewhere")} onClose={close}>
          <PlaceField label={t("rider.to")} place={place} onChoose={choosePlace} />
          {failure !== null && <Note kind="bad">{words(failure)}</Note>}
          {place && !given && failure === null && <Loading what={t("fare.asking")} />}
          {given && fare && (
            <>
              <p class="row between">
                <span>{t("rider.new_fare")}</span>
                <strong class="number">{money(fare.promo?.to_pay ?? fare.fare)}</strong>
              </p>
              <Button kind="first" wide onClick={() => changeDestination(given, place as Place).then(close)}>
                {t("rider.go_there")}
              </Button>
            </>
          )}
        </Dialog>
      )}
    </>
  );
};

const Confirm = () => (
  <Dialog
    title={t("wallet.confirm")}
    onClose={() => {
      confirmation.value = null;
    }}
  >
    <p>{t("wallet.confirm_more")}</p>
    <Button kind="first" wide onClick={() => confirm(true)}>
      {t("wallet.confirm_yes")}
    </Button>
    <Button wide onClick={() => confirm(false)}>
      {t("wallet.confirm_no")}
    </Button>
  </Dialog>
);

const Searching = ({ ride }: { ride: Trip }) => {
  const state = waiting.value;
  return (
    <div class="stack">
      <h2 class="row">
        <span class="turning" aria-hidden="true" />
        <span class="grow">{t("rider.searching")}</span>
      </h2>
      <p aria-live="polite">{state?.text ?? t("rider.searching_begins")}</p>
      {state && (
        <ul class="facts small soft">
          <li>{t("rider.cars_near", { count: state.cars_near })}</li>
          {state.asked > 0 && <li>{t("rider.asked", { count: state.asked })}</li>}
          {state.about_s !== null && <li>{t("rider.about", { time: duration(state.about_s) })}</li>}
        </ul>
      )}
      <Cancel ride={ride} />
    </div>
  );
};

const Car = ({ ride }: { ride: Trip }) => {
  const driver = ride.driver;
  if (!driver) return null;
  const { vehicle } = driver;
  return (
    <div class="car">
      <div class="grow">
        <strong dir="auto">{driver.name}</strong>
        {driver.rating !== null && <span class="soft"> ★ {driver.rating.toFixed(1)}</span>}
        <span class="soft small block" dir="auto">
          {vehicle.colour} {vehicle.make} {vehicle.model}
        </span>
      </div>
      <span class="plate" dir="ltr">
        {vehicle.plate}
      </span>
    </div>
  );
};

const Pin = ({ ride }: { ride: Trip }) =>
  ride.pin ? (
    <div class="pin-code">
      <span class="small">{t("rider.pin")}</span>
      <output>{ride.pin}</output>
    </div>
  ) : null;

const WithDriver = ({ ride }: { ride: Trip }) => {
  const eta = moved.value?.eta_s ?? ride.driver?.pickup_eta_s ?? null;
  const heads = {
    assigned: eta === null ? t("rider.coming") : t("rider.coming_in", { time: duration(eta) }),
    arrived: t("rider.arrived"),
    in_progress:
      moved.value?.eta_s != null ? t("rider.there_in", { time: duration(moved.value.eta_s) }) : t("rider.on_the_way"),
  };
  return (
    <div class="stack">
      <h2 aria-live="polite">{heads[ride.state as keyof typeof heads]}</h2>
      <Car ride={ride} />
      {ride.state !== "in_progress" && <Pin ride={ride} />}
      <p class="row between">
        <span class="soft">{t("fare.total")}</span>
        <strong class="number">{money(ride.to_pay ?? ride.fare)}</strong>
      </p>
      <Elsewhere ride={ride} />
      <Cancel ride={ride} />
    </div>
  );
};

const Ended = ({ ride }: { ride: Trip }) => (
  <div class="stack">
    <h2>{t(`rider.ended.${ride.state}`)}</h2>
    <p class="soft">
      {ride.state === "expired"
        ? t("rider.ended.expired_more")
        : ride.cancelled_at &&
          t("rider.ended.cancelled_at", {
            at: dayAndTime(ride.cancelled_at),
            by: t(`who.${ride.cancelled_by ?? "ops"}`),
          })}
    </p>
    {ride.cancellation_fee && ride.cancellation_fee.amount_minor > 0 && (
      <Note kind="warn">{t("rider.ended.fee", { fee: money(ride.cancellation_fee) })}</Note>
    )}
    <Button kind="first" wide onClick={beginAnew}>
      {t("rider.anew")}
    </Button>
  </div>
);

/** What has just happened, for those who do not see it. */
const Spoken = () => {
  const told = news.value;
  return (
    <p class="unseen" role="status" aria-live="assertive">
      {told ? t(`news.${told.code}`, { defaultValue: "" }) : ""}
    </p>
  );
};

export const Steps = () => {
  const ride = trip.value;
  let step = <Where />;
  if (ride?.state === "requested") step = <Searching ride={ride} />;
  else if (ride?.state === "completed") step = <After ride={ride} />;
  else if (ride?.state === "cancelled" || ride?.state === "expired") step = <Ended ride={ride} />;
  else if (ride) step = <WithDriver ride={ride} />;
  return (
    <>
      {step}
      {confirmation.value && <Confirm />}
      <Spoken />
    </>
  );
};
