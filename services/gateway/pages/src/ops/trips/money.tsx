/** A trip's money: what was paid for what, its documents, and what is given back. */
import { useState } from "preact/hooks";
import { openFile } from "../../app/documents";
import { minor, money } from "../../app/format";
import { ApiError, get, newKey, post } from "../../app/http";
import { language, t } from "../../app/i18n";
import { lineText } from "../../app/lines";
import { useResource } from "../../app/resource";
import type { Receipt } from "../../app/trip";
import { Button, Dialog, Field, Note, toast, useForm } from "../../ui/parts";
import { Empty, Panel, Tag, type Tone } from "../parts";
import { Awaited } from "./failed";
import type { OpsTrip, Paper, Refund } from "./model";
import { meaning, methodOf, told, when } from "./words";

const PAID: Record<Receipt["state"], Tone> = { paid: "good", unpaid: "bad", refunded: "warn" };
const GIVEN: Record<Refund["state"], Tone> = { done: "good", pending: "warn", failed: "bad" };

const Bill = ({ trip, receipt }: { trip: OpsTrip; receipt: Receipt }) => (
  <>
    <div class="row wrap">
      <Tag tone={PAID[receipt.state]}>{t(`ops.trips.paid.${receipt.state}`)}</Tag>
      <span class="soft small">{methodOf(trip)}</span>
    </div>
    <dl class="amounts">
      {receipt.lines.map((line) => (
        <>
          <dt>{lineText(line)}</dt>
          <dd>{money(line.amount)}</dd>
        </>
      ))}
      <dt class="sum">{t("fare.total")}</dt>
      <dd class="sum">{money(receipt.total)}</dd>
      {receipt.tip && (
        <>
          <dt>
            {t("rider.tip")} · {meaning("trips.tips", receipt.tip.state)}
          </dt>
          <dd>{money(receipt.tip.amount)}</dd>
        </>
      )}
      {!!receipt.refunded?.amount_minor && (
        <>
          <dt>{t("ops.trips.refunded")}</dt>
          <dd>−{money(receipt.refunded)}</dd>
        </>
      )}
    </dl>
  </>
);

const Papers = ({ trip, papers }: { trip: OpsTrip; papers: Paper[] }) => (
  <ul class="list">
    {papers.map((paper) => (
      <li key={paper.receipt_number} class="row between wrap line">
        <span>
          {meaning("trips.papers", paper.kind)} · {money(paper.amount)}
          <span class="soft small block">
            {paper.receipt_number} · {when(paper.issued_at, trip.city)}
          </span>
        </span>
        <Button
          label={t("ops.trips.pdf_of", { number: paper.receipt_number })}
          onClick={() => told(openFile(`/v1/trips/${trip.id}/receipts/${paper.receipt_number}`, paper.receipt_number))}
        >
          PDF
        </Button>
      </li>
    ))}
  </ul>
);

const Refunds = ({ trip, refunds }: { trip: OpsTrip; refunds: Refund[] }) => (
  <ul class="list">
    {refunds.map((refund) => (
      <li key={refund.refund_id} class="line">
        <span class="row wrap">
          <strong>{money(refund.amount)}</strong>
          <Tag tone={GIVEN[refund.state]}>{t(`ops.trips.given.${refund.state}`)}</Tag>
          <span class="soft small">{meaning("trips.kinds", refund.kind)}</span>
        </span>
        <span class="block" dir="auto">
          {refund.reason}
        </span>
        <span class="soft small block">
          {when(refund.created_at, trip.city)}
          {refund.from_driver.amount_minor > 0 &&
            ` · ${t("ops.trips.from_driver_part", { amount: money(refund.from_driver) })}`}
          {refund.failure && ` · ${meaning("trips.reasons", refund.failure)}`}
        </span>
      </li>
    ))}
  </ul>
);

interface GiveProps {
  trip: OpsTrip;
  tipped: boolean;
  onDone: () => Promise<void>;
  onClose: () => void;
}

const Tick = ({ name, label }: { name: string; label: string }) => (
  <label class="row tick">
    <input type="checkbox" name={name} />
    <span>{label}</span>
  </label>
);

const Give = ({ trip, tipped, onDone, onClose }: GiveProps) => {
  const { currency } = trip.fare;
  const [key] = useState(newKey);
  const form = useForm(async ({ amount, reason, from_driver, of_tip }) => {
    const amount_minor = amount ? minor(amount, currency) : null;
    const fields: Record<string, string[]> = {};
    if (amount && !amount_minor) fields.amount_minor = [t("ops.trips.amount_wrong")];
    if ((reason ?? "").trim().length < 3) fields.reason = [t("ops.trips.reason_wanted")];
    if (Object.keys(fields).length) throw new ApiError(422, "invalid", "", fields);
    const body = {
      ...(amount_minor ? { amount_minor } : {}),
      reason: (reason ?? "").trim(),
      from_driver: from_driver === "on",
      of_tip: of_tip === "on",
    };
    // the same wish sent again is done once, another one is another refund
    const wish = `${key}-${amount_minor ?? "all"}-${body.from_driver}-${body.of_tip}`;
    const given = await told(post<Refund>(`/v1/ops/trips/${trip.id}/refunds`, body, wish));
    onClose();
    toast(t(`ops.trips.refund_${given.state}`, { amount: money(given.amount) }), given.state === "failed");
    await onDone();
  });
  return (
    <Dialog title={t("ops.trips.refund")} onClose={onClose}>
      <form class="stack" onSubmit={form.submit} noValidate>
        <Field
          label={t("ops.trips.refund_amount", { currency })}
          hint={t("ops.trips.refund_all")}
          name="amount"
          inputMode="decimal"
          wrong={form.fields.amount_minor}
        />
        <Field
          label={t("ops.trips.reason")}
          name="reason"
          required
          maxLength={500}
          dir="auto"
          wrong={form.fields.reason}
        />
        <Tick name="from_driver" label={t("ops.trips.from_driver")} />
        {tipped && <Tick name="of_tip" label={t("ops.trips.of_tip")} />}
        {form.failure && <Note kind="bad">{form.failure}</Note>}
        <Button kind="first" type="submit" wide busy={form.busy}>
          {t("ops.trips.refund")}
        </Button>
      </form>
    </Dialog>
  );
};

interface Settled {
  receipt: Receipt | null;
  papers: Paper[];
  refunds: Refund[];
}

const NOTHING: Settled = { receipt: null, papers: [], refunds: [] };

/** Whether anything was charged for a trip, or is about to be. */
const costs = (trip: OpsTrip): boolean =>
  trip.state === "completed" || Boolean(trip.ended_early || trip.cancellation_fee?.amount_minor);

/** The receipt and what goes with it; nothing while it is not written. Throws ApiError. */
const settled = async (trip: OpsTrip): Promise<Settled> => {
  if (!costs(trip)) return NOTHING;
  const path = `/v1/trips/${trip.id}`;
  try {
    const [receipt, papers, refunds] = await Promise.all([
      get<Receipt>(`${path}/receipt`, { lang: language.value }),
      get<{ items: Paper[] }>(`${path}/receipts`),
      get<{ items: Refund[] }>(`/v1/ops/trips/${trip.id}/refunds`),
    ]);
    return { receipt, papers: papers.items, refunds: refunds.items };
  } catch (reason) {
    if (reason instanceof ApiError && reason.code === "receipt_not_ready") return NOTHING;
    throw reason;
  }
};

export const MoneyOf = ({ trip, onChanged, on }: { trip: OpsTrip; onChanged: () => Promise<void>; on: string }) => {
  const [giving, give] = useState(false);
  const found = useResource(() => told(settled(trip)), [trip.id, on, language.value]);
  const { receipt, papers, refunds } = found.value ?? NOTHING;
  const changed = async () => {
    await Promise.all([found.again(), onChanged()]);
  };
  return (
    <Panel
      title={t("ops.trips.money")}
      aside={receipt && <Button onClick={() => give(true)}>{t("ops.trips.refund")}…</Button>}
    >
      <Awaited of={found} />
      {receipt && <Bill trip={trip} receipt={receipt} />}
      {found.value && !receipt && (
        <Empty>{t(costs(trip) ? "ops.trips.error.receipt_not_ready" : "ops.trips.no_receipt")}</Empty>
      )}
      {papers.length > 0 && (
        <>
          <h3>{t("ops.trips.documents")}</h3>
          <Papers trip={trip} papers={papers} />
        </>
      )}
      {refunds.length > 0 && (
        <>
          <h3>{t("ops.trips.refunds")}</h3>
          <Refunds trip={trip} refunds={refunds} />
        </>
      )}
      {giving && <Give trip={trip} tipped={Boolean(receipt?.tip)} onDone={changed} onClose={() => give(false)} />}
    </Panel>
  );
};
