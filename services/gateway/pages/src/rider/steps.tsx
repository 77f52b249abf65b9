/** What stands in the rider's sheet, by how far his ride is. */
import { useState } from "preact/hooks";
import { dayAndTime, duration, money, number } from "../app/format";
import { get, type Money } from "../app/http";
import { t } from "../app/i18n";
import type { Quote, Trip } from "../app/trip";
import { Button, Dialog, Loading, Note, toast, words } from "../ui/parts";
import { After } from "./after";
import { Ask, Fares } from "./fares";
import { waitingFacts, waitingText } from "./lines";
import { PlaceField } from "./place-field";
import {
  beginAnew,
  cancel,
  changeDestination,
  choose,
  confirm,
  confirmation,
  dropoff,
  moved,
  news,
  type Place,
  pickup,
  quoteDestination,
  trip,
  waiting,
} from "./ride";
import "../ui/ride.css";

const LOCATED_WITHIN_MS = 8000;

/** Take the place where the device is for the pickup. */
const startHere = async () => {
  const found = await new Promise<GeolocationPosition | null>((done) =>
    navigator.geolocation.getCurrentPosition(done, () => done(null), {
      timeout: LOCATED_WITHIN_MS,
      maximumAge: 30_000,
    }),
  );
  if (!found) return toast(t("rider.here_failed"), true);
  const point = { lat: found.coords.latitude, lng: found.coords.longitude };
  await choose("pickup", { name: t("rider.here_name"), point });
};

const Where = () => (
  <>
    <div class="stack scrolls">
      <h2>{t("rider.where")}</h2>
      <PlaceField label={t("rider.from")} place={pickup.value} onChoose={(place) => choose("pickup", place)} />
      {!pickup.value && "geolocation" in navigator && (
        <Button onClick={startHere}>
          <span aria-hidden="true">◎</span> {t("rider.here")}
        </Button>
      )}
      <PlaceField label={t("rider.to")} place={dropoff.value} onChoose={(place) => choose("dropoff", place)} />
      {!(pickup.value && dropoff.value) && <p class="soft small">{t("rider.or_tap")}</p>}
      <Fares />
    </div>
    <Ask />
  </>
);

interface Preview {
  fee: Money;
  free_until: string | null;
  code?: string;
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
              {t(`cancel_reason.${preview.code}`, { defaultValue: preview.reason ?? "" })}
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
      <p aria-live="polite">{waitingText(state)}</p>
      <ul class="facts small soft">
        {waitingFacts(state).map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
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
        {driver.rating !== null && <span class="soft"> ★ {number(driver.rating, 1)}</span>}
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

const soon = (seconds: number, what: "coming" | "there") =>
  seconds < 30 ? t(`rider.${what}_now`) : t(`rider.${what}_in`, { time: duration(seconds) });

const WithDriver = ({ ride }: { ride: Trip }) => {
  const eta = moved.value?.eta_s ?? ride.driver?.pickup_eta_s ?? null;
  const heads = {
    assigned: eta === null ? t("rider.coming") : soon(eta, "coming"),
    arrived: t("rider.arrived"),
    in_progress: moved.value?.eta_s != null ? soon(moved.value.eta_s, "there") : t("rider.on_the_way"),
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
