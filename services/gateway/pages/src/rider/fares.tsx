/** Fares to choose from: kinds of car, how each fare is made up, codes, how to pay. */
import { useEffect, useState } from "preact/hooks";
import { distance, duration, money } from "../app/format";
import { ApiError } from "../app/http";
import { t } from "../app/i18n";
import { lineText } from "../app/lines";
import { surgeText } from "../app/surge";
import type { Option } from "../app/trip";
import { Button, Dialog, Loading, Note, words } from "../ui/parts";
import { ask, askFares, category, option, promoCode, quote, quoteFailure, quoting } from "./ride";
import { MethodChoice } from "./wallet";

const Breakdown = ({ option: chosen, onClose }: { option: Option; onClose: () => void }) => (
  <Dialog title={t("fare.explained", { category: t(`category.${chosen.category}`) })} onClose={onClose}>
    <dl class="amounts">
      {chosen.breakdown.map((each) => (
        <>
          <dt dir="auto">{lineText(each)}</dt>
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
    {surgeText(chosen.surge) && <Note kind="warn">{surgeText(chosen.surge)}</Note>}
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

const pickup = (seconds: number | null): string => {
  if (seconds === null) return t("fare.no_car");
  return seconds < 30 ? t("fare.pickup_now") : t("fare.pickup_in", { time: duration(seconds) });
};

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
      <span class="soft small block">{pickup(each.pickup_eta_s)}</span>
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

/** Why there is no fare: of places that are outside, and of codes, more is known than that a field is wrong. */
const whyNoFare = (reason: unknown): string =>
  reason instanceof ApiError && (reason.fields.pickup || reason.fields.dropoff) ? t("rider.outside") : words(reason);

export const Fares = () => {
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
        <Note kind="bad">{whyNoFare(quoteFailure.value)}</Note>
        {promoCode.value !== "" && <Promo />}
        <Button onClick={askFares}>{t("ui.again")}</Button>
      </div>
    );
  }
  if (given?.distance_m === 0) return <Note kind="warn">{t("rider.same_place")}</Note>;
  if (!given) return quoting.value ? <Loading what={t("fare.asking")} /> : null;
  const chosen = option.value;
  const dearer = given.options.find((each) => each.surge.multiplier > 1);
  const busy = dearer && surgeText(dearer.surge);
  const none = given.options.every((each) => each.pickup_eta_s === null);
  return (
    <div class="stack">
      <p class="soft small">
        {distance(given.distance_m)} · {duration(given.duration_s)}
        {given.estimated && ` · ${t("fare.estimated")}`}
      </p>
      {busy && <Note kind="warn">{busy}</Note>}
      {none && <Note kind="warn">{t("rider.no_cars")}</Note>}
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
      {explained && chosen && <Breakdown option={chosen} onClose={() => setExplained(false)} />}
    </div>
  );
};

/** What everything before leads to: seen however much is above it. */
export const Ask = () => {
  if (!quote.value || quote.value.distance_m === 0 || quoteFailure.value) return null;
  return (
    <div class="at-hand">
      <Button kind="first" wide disabled={!option.value || quoting.value} onClick={ask}>
        {t("rider.ask_for", { category: t(`category.${category.value}`, { defaultValue: category.value ?? "" }) })}
      </Button>
    </div>
  );
};
