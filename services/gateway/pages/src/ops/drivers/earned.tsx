/** What a driver is owed and what was paid to him. */
import { openFile } from "../../app/documents";
import type { Payout, Totals } from "../../app/earned";
import { day, less, money } from "../../app/format";
import { get, type Page } from "../../app/http";
import { t } from "../../app/i18n";
import { useResource } from "../../app/resource";
import { Button } from "../../ui/parts";
import { Empty, Pager, Panel, Tag, type Tone, usePages } from "../parts";
import { Awaited } from "../trips/failed";
import { meaning, told, when } from "../trips/words";

const TONES: Record<Payout["state"], Tone> = { reserved: "warn", sent: "good", failed: "bad", returned: "bad" };

const Sums = ({ totals }: { totals: Totals }) => (
  <dl class="amounts">
    <dt>{t("driver.fares", { count: totals.rides })}</dt>
    <dd>{money(totals.fare)}</dd>
    <dt>{t("line.tax")}</dt>
    <dd>{less(totals.tax)}</dd>
    <dt>{t("driver.platform_fee")}</dt>
    <dd>{less(totals.fee)}</dd>
    <dt class="sum">{t("ops.drivers.share")}</dt>
    <dd class="sum">{money(totals.share)}</dd>
    {!!totals.cash.amount_minor && (
      <>
        <dt>{t("ops.drivers.cash")}</dt>
        <dd>{less(totals.cash)}</dd>
      </>
    )}
    <dt>{t("ops.drivers.to_be_paid")}</dt>
    <dd>{money(totals.to_be_paid)}</dd>
  </dl>
);

const One = ({ payout }: { payout: Payout }) => (
  <li class="row between wrap line">
    <span>
      <span class="row wrap">
        <strong>{money(payout.amount)}</strong>
        <Tag tone={TONES[payout.state]}>{meaning("drivers.payout_states", payout.state)}</Tag>
      </span>
      <span class="soft small block">
        {t("ops.drivers.until_day", { day: day(payout.until_day, "UTC") })}
        {payout.sent_at && ` · ${when(payout.sent_at)}`}
        {payout.reason && ` · ${meaning("drivers.payout_reasons", payout.reason)}`}
      </span>
    </span>
    <Button
      label={t("ops.drivers.statement_of", { day: day(payout.until_day, "UTC") })}
      onClick={() =>
        told(openFile(`/v1/driver/payouts/${payout.payout_id}/statement`, `statement-${payout.until_day}`))
      }
    >
      PDF
    </Button>
  </li>
);

export const Earned = ({ id }: { id: string }) => {
  const earned = useResource(() => told(get<{ totals: Totals }>(`/v1/ops/drivers/${id}/earnings`)), [id]);
  const payouts = usePages(
    (cursor) => told(get<Page<Payout>>(`/v1/ops/drivers/${id}/payouts`, { limit: 10, cursor })),
    [id],
  );
  return (
    <Panel title={t("ops.drivers.money")}>
      <Awaited of={earned} />
      {earned.value && <Sums totals={earned.value.totals} />}
      <h3>{t("ops.drivers.payouts")}</h3>
      {payouts.items?.length === 0 ? (
        <Empty>{t("ops.drivers.no_payouts")}</Empty>
      ) : (
        <>
          <ul class="list">
            {payouts.items?.map((payout) => (
              <One key={payout.payout_id} payout={payout} />
            ))}
          </ul>
          <Pager of={payouts} empty="" />
        </>
      )}
    </Panel>
  );
};
