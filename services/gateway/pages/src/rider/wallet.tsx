/** How the rider pays, and what he still owes. */
import { useState } from "preact/hooks";
import { dayAndTime, money } from "../app/format";
import { get, type Money, post } from "../app/http";
import { t } from "../app/i18n";
import { useResource } from "../app/resource";
import { Button, Dialog, Loading, Note, Select, toast, words } from "../ui/parts";
import { method } from "./ride";

/** The simulated provider's cards: what a demo can show. A real provider's own form gives its tokens instead. */
const METHODS = [
  "card_ok",
  "cash",
  "card_declined",
  "card_insufficient_funds",
  "card_hold_declined",
  "card_needs_confirmation",
] as const;

export const MethodChoice = () => (
  <Select
    label={t("wallet.pay_with")}
    value={method.value}
    options={METHODS.map((name) => [name, t(`wallet.method.${name}`)] as const)}
    onChange={(value) => {
      method.value = value;
    }}
  />
);

interface Debts {
  items: { trip_id: string; amount: Money; reason: string; since: string }[];
  totals: Money[];
}

export const Wallet = ({ onClose }: { onClose: () => void }) => {
  const debts = useResource(() => get<Debts>("/v1/me/debts"));
  const [refused, setRefused] = useState<string | null>(null);
  const settle = async () => {
    setRefused(null);
    const after = await post<Debts & { reason?: string | null }>("/v1/me/debts/settle", {
      payment_method: method.value,
    });
    await debts.again();
    if (after.items.length) setRefused(t(`reason.${after.reason}`, { defaultValue: t("wallet.still_owed") }));
    else toast(t("wallet.settled"));
  };
  return (
    <Dialog title={t("menu.wallet")} onClose={onClose}>
      <MethodChoice />
      <p class="soft small">{t("wallet.test_cards")}</p>
      <h3>{t("wallet.debts")}</h3>
      {debts.failure !== null && <Note kind="bad">{words(debts.failure)}</Note>}
      {!debts.value && debts.failure === null && <Loading />}
      {debts.value && !debts.value.items.length && <p class="soft">{t("wallet.no_debts")}</p>}
      <ul class="list">
        {debts.value?.items.map((debt) => (
          <li key={debt.trip_id} class="row between">
            <span>{dayAndTime(debt.since)}</span>
            <strong class="number">{money(debt.amount)}</strong>
          </li>
        ))}
      </ul>
      {refused && <Note kind="bad">{refused}</Note>}
      {!!debts.value?.items.length && (
        <Button kind="first" wide onClick={settle}>
          {t("wallet.settle")}
        </Button>
      )}
    </Dialog>
  );
};
