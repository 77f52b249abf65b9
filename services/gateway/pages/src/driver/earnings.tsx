/** What the driver earned, what was paid to him, and where it goes. */
import { useState } from "preact/hooks";
import { openFile } from "../app/documents";
import type { Payout, Totals } from "../app/earned";
import { day, dayAndTime, isoDay, less, money } from "../app/format";
import { get, type Page, put } from "../app/http";
import { t } from "../app/i18n";
import { useResource } from "../app/resource";
import { Button, Dialog, Loading, Note, Select, toast, words } from "../ui/parts";
import { moneyChanged } from "./work";

const DAYS = { today: 0, week: 6, month: 29 } as const;

const ACCOUNTS = ["usual", "bank_ok", "bank_closed", "bank_returns"] as const;

export const Earnings = ({ onClose }: { onClose: () => void }) => {
  const [period, setPeriod] = useState<keyof typeof DAYS>("today");
  const [account, setAccount] = useState("usual");
  const changed = moneyChanged.value;
  const earned = useResource(
    () => get<{ totals: Totals }>("/v1/driver/earnings", { from: isoDay(DAYS[period]), to: isoDay() }),
    [period, changed],
  );
  const payouts = useResource(() => get<Page<Payout>>("/v1/driver/payouts", { limit: 20 }), [changed]);
  const totals = earned.value?.totals;
  return (
    <Dialog title={t("driver.earnings")} onClose={onClose}>
      <Select
        label={t("driver.period")}
        value={period}
        options={(["today", "week", "month"] as const).map((name) => [name, t(`driver.periods.${name}`)] as const)}
        onChange={(value) => setPeriod(value as keyof typeof DAYS)}
      />
      {earned.failure !== null && <Note kind="bad">{words(earned.failure)}</Note>}
      {!totals && earned.failure === null && <Loading />}
      {totals && (
        <dl class="amounts">
          <dt>{t("driver.fares", { count: totals.rides })}</dt>
          <dd>{money(totals.fare)}</dd>
          <dt>{t("line.tax")}</dt>
          <dd>{less(totals.tax)}</dd>
          <dt>{t("driver.platform_fee")}</dt>
          <dd>{less(totals.fee)}</dd>
          <dt class="sum">{t("driver.share")}</dt>
          <dd class="sum">{money(totals.share)}</dd>
          <dt>{t("driver.cash")}</dt>
          <dd>{less(totals.cash)}</dd>
          <dt>{t("driver.to_be_paid")}</dt>
          <dd>{money(totals.to_be_paid)}</dd>
        </dl>
      )}
      <h3>{t("driver.payouts")}</h3>
      {payouts.value && !payouts.value.items.length && <p class="soft">{t("driver.no_payouts")}</p>}
      <ul class="list">
        {payouts.value?.items.map((each) => (
          <li key={each.payout_id} class="stack">
            <div class="row between">
              <span>
                {t("driver.until", { day: day(`${each.until_day}T12:00:00Z`, "UTC") })}
                <span class="soft small block">{each.sent_at ? dayAndTime(each.sent_at) : ""}</span>
              </span>
              <span class={`badge ${each.state === "sent" ? "" : "warn"}`}>{t(`driver.payout.${each.state}`)}</span>
              <strong class="number">{money(each.amount)}</strong>
            </div>
            <Button
              kind="quiet"
              onClick={() => openFile(`/v1/driver/payouts/${each.payout_id}/statement`, `statement-${each.until_day}`)}
            >
              {t("driver.statement")}
            </Button>
          </li>
        ))}
      </ul>
      <details>
        <summary>{t("driver.account")}</summary>
        <div class="stack">
          <Select
            label={t("driver.account")}
            value={account}
            options={ACCOUNTS.map((name) => [name, t(`driver.accounts.${name}`)] as const)}
            onChange={setAccount}
          />
          <Button
            onClick={() => put("/v1/driver/payout-account", { account }).then(() => toast(t("driver.account_saved")))}
          >
            {t("driver.account_save")}
          </Button>
        </div>
      </details>
    </Dialog>
  );
};
