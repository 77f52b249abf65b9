/** After the ride: what it cost and why, a tip, a rating. */
import { useEffect, useState } from "preact/hooks";
import { openDocument } from "../app/documents";
import { distance, duration, minor, money } from "../app/format";
import { ApiError, get, type Money, newKey, post } from "../app/http";
import { t } from "../app/i18n";
import { lineText } from "../app/lines";
import { rate } from "../app/rating";
import type { Receipt, Trip } from "../app/trip";
import { Button, Field, Loading, Note, toast, words } from "../ui/parts";
import { Stars } from "../ui/stars";
import { beginAnew, charged } from "./ride";

const WAIT_MS = 1500;

const useReceipt = (tripId: string) => {
  const [receipt, setReceipt] = useState<Receipt | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const state = charged.value;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let gone = false;
    const look = async () => {
      try {
        const told = await get<Receipt>(`/v1/trips/${tripId}/receipt`);
        if (!gone) setReceipt(told);
      } catch (reason) {
        if (gone) return;
        if (reason instanceof ApiError && reason.code === "receipt_not_ready") timer = setTimeout(look, WAIT_MS);
        else setFailure(reason);
      }
    };
    void look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [tripId, state]);
  return { receipt, failure, setReceipt };
};

export const ReceiptView = ({ receipt }: { receipt: Receipt }) => (
  <dl class="amounts">
    {receipt.lines.map((line) => (
      <>
        <dt dir="auto">{lineText(line)}</dt>
        <dd>{money(line.amount)}</dd>
      </>
    ))}
    <dt class="sum">{t("fare.total")}</dt>
    <dd class="sum">{money(receipt.total)}</dd>
    {receipt.tip?.state === "captured" && (
      <>
        <dt>{t("rider.tip")}</dt>
        <dd>{money(receipt.tip.amount)}</dd>
      </>
    )}
  </dl>
);

const Tip = ({ ride, onGiven }: { ride: Trip; onGiven: (amount: Money) => void }) => {
  const { currency } = ride.fare;
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState<string | undefined>();
  const [key] = useState(newKey);
  const give = async (amount_minor: number | null) => {
    if (!amount_minor) return setWrong(t("rider.tip_wrong"));
    setWrong(undefined);
    const told = await post<{ state: string; amount: Money; reason: string | null }>(
      `/v1/trips/${ride.id}/tip`,
      { amount_minor },
      `${key}-${amount_minor}`,
    );
    if (told.state === "failed") throw new ApiError(409, told.reason ?? "tip_failed", t("rider.tip_failed"));
    onGiven(told.amount);
    toast(t("rider.tip_thanks"));
  };
  return (
    <div class="stack">
      <h3>{t("rider.tip")}</h3>
      <div class="row wrap">
        {[1, 2, 5].map((whole) => (
          <Button key={whole} onClick={() => give(minor(String(whole), currency))}>
            {money({ amount_minor: minor(String(whole), currency) ?? 0, currency })}
          </Button>
        ))}
      </div>
      <details>
        <summary>{t("rider.tip_other")}</summary>
        <div class="row">
          <div class="grow">
            <Field
              label={t("rider.tip_amount", { currency })}
              inputMode="decimal"
              value={typed}
              wrong={wrong}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </div>
          <Button onClick={() => give(minor(typed, currency))}>{t("rider.tip_give")}</Button>
        </div>
      </details>
    </div>
  );
};

const Rating = ({ ride }: { ride: Trip }) => {
  const [stars, setStars] = useState(0);
  const [comment, setComment] = useState("");
  const [done, setDone] = useState(false);
  if (done) return <Note>{t("rating.thanks")}</Note>;
  return (
    <div class="stack">
      <Stars label={t("rating.how")} given={stars} onGive={setStars} />
      {stars > 0 && (
        <>
          <Field
            label={t("rating.comment")}
            value={comment}
            maxLength={500}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
          <Button onClick={() => rate(ride.id, stars, comment.trim()).then(() => setDone(true))}>
            {t("rating.send")}
          </Button>
        </>
      )}
    </div>
  );
};

export const After = ({ ride }: { ride: Trip }) => {
  const { receipt, failure, setReceipt } = useReceipt(ride.id);
  return (
    <div class="stack">
      <h2>{t("rider.there")}</h2>
      <p class="soft">
        {distance(ride.distance_m)} · {duration(ride.duration_s)}
      </p>
      {charged.value === "failed" && <Note kind="bad">{t("rider.charge_failed")}</Note>}
      {failure !== null && <Note kind="bad">{words(failure)}</Note>}
      {!receipt && failure === null && <Loading what={t("rider.receipt_comes")} />}
      {receipt && (
        <>
          <ReceiptView receipt={receipt} />
          {receipt.fare_reason && <p class="soft small">{t(`reason.${receipt.fare_reason}`, { defaultValue: "" })}</p>}
          <Button onClick={() => openDocument(ride.id)}>{t("rider.receipt_pdf")}</Button>
          {!receipt.tip && (
            <Tip ride={ride} onGiven={(amount) => setReceipt({ ...receipt, tip: { amount, state: "captured" } })} />
          )}
        </>
      )}
      <Rating ride={ride} />
      <Button kind="first" wide onClick={beginAnew}>
        {t("rider.anew")}
      </Button>
    </div>
  );
};
