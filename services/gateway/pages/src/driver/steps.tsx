/** What stands in the driver's sheet, by what he is doing. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Totals } from "../app/earned";
import { clock, distance, duration, isoDay, money } from "../app/format";
import { ApiError, get, serverNow } from "../app/http";
import { t } from "../app/i18n";
import { rate } from "../app/rating";
import { useResource } from "../app/resource";
import { me, reload } from "../app/session";
import type { Trip } from "../app/trip";
import { Button, Dialog, Field, Note, Select, toast, words } from "../ui/parts";
import { PapersHint } from "./documents";
import { here, isThere, kept, metres, refused, type Source, source } from "./position";
import { RateRider } from "./rate-rider";
import {
  accept,
  decline,
  giveBack,
  type Hint,
  hint,
  leave,
  lookForWay,
  moneyChanged,
  news,
  type Offer,
  offer,
  setOnline,
  start,
  step,
  trip,
  way,
} from "./work";
import "../ui/ride.css";
import "./driver.css";

const APPROVAL_MS = 5000;

const WhereFrom = () => (
  <details>
    <summary>{t("driver.position")}</summary>
    <Select
      label={t("driver.position_from")}
      value={source.value}
      options={(["device", "map", "autopilot"] as const).map((name) => [name, t(`driver.source.${name}`)] as const)}
      onChange={(value) => {
        source.value = value as Source;
      }}
    />
    <p class="soft small">{t(`driver.source_more.${source.value}`)}</p>
  </details>
);

const PositionNotes = () => (
  <>
    {source.value === "device" && refused.value && <Note kind="warn">{t(`driver.position_${refused.value}`)}</Note>}
    {me.value?.online && !here.value && source.value === "map" && <Note>{t("driver.click_map")}</Note>}
    {kept.value > 3 && <Note kind="warn">{t("driver.kept", { count: kept.value })}</Note>}
  </>
);

const Today = () => {
  const changed = moneyChanged.value;
  const today = isoDay();
  const earned = useResource(
    () => get<{ totals: Totals }>("/v1/driver/earnings", { from: today, to: today }),
    [today, changed],
  );
  const totals = earned.value?.totals;
  if (!totals) return null;
  return (
    <p class="row between">
      <span class="soft">{t("driver.today", { count: totals.rides })}</span>
      <strong class="number">{money(totals.share)}</strong>
    </p>
  );
};

const hintText = ({ point, expected, cars }: Hint): string => {
  const now = here.value;
  const where = now ? t("driver.hint", { distance: distance(metres(now, point)) }) : t("driver.hint_here");
  if (expected == null || cars == null) return where;
  const why = [t("driver.hint_expected", { count: expected }), t("driver.hint_cars", { count: cars })];
  return `${where} ${why.join(", ")}.`;
};

/** A driver who may not drive is told here when he may: nothing is pushed for it. */
const useApproval = () => {
  const waits = me.value?.approval !== "approved";
  useEffect(() => {
    if (!waits) return;
    const timer = setInterval(() => void reload().catch(() => undefined), APPROVAL_MS);
    return () => clearInterval(timer);
  }, [waits]);
};

const Idle = () => {
  const profile = me.value;
  useApproval();
  if (profile?.approval === "pending") {
    return (
      <div class="stack">
        <h2>{t("driver.pending")}</h2>
        <p>{t("driver.pending_more")}</p>
        <PapersHint />
      </div>
    );
  }
  if (profile?.approval === "suspended") {
    return (
      <div class="stack">
        <h2>{t("driver.suspended")}</h2>
        <Note kind="bad">{t("driver.suspended_more")}</Note>
      </div>
    );
  }
  const online = profile?.online === true;
  return (
    <div class="stack">
      <h2 aria-live="polite">{online ? t("driver.online") : t("driver.offline")}</h2>
      <p class="soft">{online ? t("driver.online_more") : t("driver.offline_more")}</p>
      {!online && <PapersHint />}
      <PositionNotes />
      {online && hint.value && <Note>{hintText(hint.value)}</Note>}
      <Today />
      <Button kind={online ? "bad" : "first"} wide onClick={() => setOnline(!online)}>
        {online ? t("driver.go_offline") : t("driver.go_online")}
      </Button>
      <WhereFrom />
    </div>
  );
};

const OfferCard = ({ made }: { made: Offer }) => {
  const [left, setLeft] = useState(Date.parse(made.expires_at) - serverNow());
  const [whole] = useState(Math.max(1, left));
  useEffect(() => {
    const timer = setInterval(() => {
      const now = Date.parse(made.expires_at) - serverNow();
      setLeft(now);
      if (now <= 0 && offer.value?.offer_id === made.offer_id) offer.value = null;
    }, 250);
    return () => clearInterval(timer);
  }, [made.offer_id]);
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => card.current?.focus({ preventScroll: true }), [made.offer_id]);
  const take = () =>
    accept(made).catch((reason) => {
      if (reason instanceof ApiError && reason.code === "offer_gone") toast(t("driver.offer_gone"), true);
      else throw reason;
    });
  return (
    <div class="stack" role="alertdialog" aria-label={t("driver.offer")} ref={card} tabIndex={-1}>
      <h2>{t("driver.offer")}</h2>
      <progress class="left" max={whole} value={Math.max(0, left)} aria-label={t("driver.time_left")} />
      <p class="row between">
        <span>
          {made.pickup_eta_s < 30
            ? t("driver.pickup_now")
            : t("driver.pickup_in", { time: duration(made.pickup_eta_s) })}
        </span>
        <strong class="number big">{money(made.fare)}</strong>
      </p>
      <div class="row">
        <Button kind="quiet" onClick={() => decline(made)}>
          {t("driver.decline")}
        </Button>
        <div class="grow">
          <Button kind="first" wide onClick={take}>
            {t("driver.accept")} · {Math.max(0, Math.ceil(left / 1000))}
          </Button>
        </div>
      </div>
    </div>
  );
};

const NoShow = ({ ride }: { ride: Trip }) => {
  const claim = () =>
    step("no-show", ride).catch((reason) => {
      if (reason instanceof ApiError && reason.code === "too_early" && reason.details.claim_at) {
        throw new ApiError(409, "too_early_at", t("driver.too_early", { at: clock(String(reason.details.claim_at)) }));
      }
      throw reason;
    });
  return (
    <Button kind="quiet" wide onClick={claim}>
      {t("driver.no_show")}
    </Button>
  );
};

const PinEntry = ({ ride }: { ride: Trip }) => {
  const [pin, setPin] = useState("");
  const [wrong, setWrong] = useState<string | undefined>();
  const begin = async () => {
    setWrong(undefined);
    try {
      await start(ride, pin.trim());
    } catch (reason) {
      setWrong(words(reason));
    }
  };
  return (
    <div class="stack">
      <Field
        label={t("driver.pin")}
        inputMode="numeric"
        autoComplete="off"
        maxLength={8}
        value={pin}
        wrong={wrong}
        onInput={(event) => setPin(event.currentTarget.value)}
      />
      <Button kind="first" wide disabled={!pin.trim()} onClick={begin}>
        {t("driver.start")}
      </Button>
    </div>
  );
};

const GiveBack = ({ ride }: { ride: Trip }) => {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button kind="quiet" wide onClick={() => setOpen(true)}>
        {t("driver.give_back")}
      </Button>
      {open && (
        <Dialog title={t("driver.give_back_sure")} onClose={() => setOpen(false)}>
          <p>{t("driver.give_back_more")}</p>
          <Button kind="bad" wide onClick={() => giveBack(ride)}>
            {t("driver.give_back_yes")}
          </Button>
        </Dialog>
      )}
    </>
  );
};

const Ride = ({ ride }: { ride: Trip }) => {
  useEffect(() => {
    void lookForWay();
    const timer = setInterval(() => void lookForWay(), 15_000);
    return () => clearInterval(timer);
  }, [ride.id, ride.state]);
  const path = way.value;
  const there = isThere();
  return (
    <div class="stack">
      <h2 aria-live="polite">{t(`driver.ride.${ride.state}`)}</h2>
      <p class="row between">
        <span class="soft">
          {path && ride.state !== "arrived" ? `${distance(path.distance_m)} · ${duration(path.duration_s)}` : " "}
        </span>
        <strong class="number">{money(ride.fare)}</strong>
      </p>
      <PositionNotes />
      {ride.state === "assigned" && (
        <Button kind="first" wide onClick={() => step("arrive", ride)}>
          {t("driver.arrived")}
        </Button>
      )}
      {ride.state === "assigned" && !there && <p class="soft small">{t("driver.not_there")}</p>}
      {ride.state === "arrived" && <PinEntry ride={ride} />}
      {ride.state === "in_progress" && (
        <Button kind="first" wide onClick={() => step("complete", ride)}>
          {t("driver.complete")}
        </Button>
      )}
      {ride.state === "arrived" && <NoShow ride={ride} />}
      {(ride.state === "assigned" || ride.state === "arrived") && <GiveBack ride={ride} />}
      <WhereFrom />
    </div>
  );
};

const Done = ({ ride }: { ride: Trip }) => (
  <div class="stack">
    <h2>{t(`driver.ride.${ride.state}`)}</h2>
    <p class="row between">
      <span class="soft">{t("fare.total")}</span>
      <strong class="number">{ride.state === "completed" ? money(ride.fare) : "–"}</strong>
    </p>
    {ride.cancellation_fee && ride.cancellation_fee.amount_minor > 0 && (
      <Note>{t("driver.fee", { fee: money(ride.cancellation_fee) })}</Note>
    )}
    {ride.state === "completed" && <RateRider send={(stars) => rate(ride.id, stars)} />}
    <Today />
    <Button kind="first" wide onClick={leave}>
      {t("driver.next")}
    </Button>
  </div>
);

const Spoken = () => {
  const told = news.value;
  const said = told ? t(`driver.news.${told.code}`, { amount: told.amount ? money(told.amount) : "" }) : "";
  useEffect(() => {
    if (told) toast(said);
  }, [told?.at]);
  return null;
};

export const Steps = () => {
  const ride = trip.value;
  let now = <Idle />;
  if (offer.value && (!ride || ride.state === "in_progress" || ride.state === "completed")) {
    now = <OfferCard key={offer.value.offer_id} made={offer.value} />;
  } else if (ride && ["completed", "cancelled", "expired"].includes(ride.state)) now = <Done ride={ride} />;
  else if (ride) now = <Ride ride={ride} />;
  return (
    <>
      {now}
      <Spoken />
    </>
  );
};
