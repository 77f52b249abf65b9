/** Is the money right? The audits and what they found; what is in the accounts of the ledger, now or before. */
import { useState } from "preact/hooks";
import { cities, city } from "../../app/city";
import { money, number } from "../../app/format";
import { get, type Page, post } from "../../app/http";
import { t } from "../../app/i18n";
import { Button, Field, Note, Select, toast } from "../../ui/parts";
import { Pager, Panel, Table, Tag, usePages } from "../parts";
import { href } from "../route";
import { dayBegins, span, tail, when } from "../trips/words";
import { checkText, Words } from "./words";

interface Check {
  service: string;
  name: string;
  checked: number;
  broken: number;
  breaches: string[];
}

interface Audit {
  audit_id: string;
  cause: "nightly" | "asked";
  started_at: string;
  finished_at: string;
  checked: number;
  broken: number;
  checks: Check[];
}

interface Balance {
  account_id: string;
  kind: string;
  owner: string | null;
  currency: string;
  balance_minor: number;
}

const KINDS = ["clearing", "revenue", "tax", "promo", "payout", "driver", "rider"] as const;

const Result = ({ audit }: { audit: Audit }) => (
  <Tag tone={audit.broken ? "bad" : "good"}>
    {audit.broken ? t("ops.desk.money.broken", { count: audit.broken }) : t("ops.desk.money.all_right")}
  </Tag>
);

const Checks = ({ audit }: { audit: Audit }) => (
  <>
    {audit.broken > 0 && <Note kind="bad">{t("ops.desk.money.what_to_do")}</Note>}
    <Table
      label={t("ops.desk.money.checks")}
      head={["holds", "who", "looked_at", "broken"].map((name) => t(`ops.desk.money.check.${name}`))}
    >
      {[...audit.checks]
        .sort((one, other) => other.broken - one.broken)
        .map((check) => (
          <tr key={`${check.service} ${check.name}`}>
            <td>
              <Words of={checkText(check.name)} />
              {check.breaches.map((breach) => (
                <code key={breach} class="soft small block" lang="en">
                  {breach}
                </code>
              ))}
            </td>
            <td>{check.service}</td>
            <td class="number">{number(check.checked)}</td>
            <td class="number">{check.broken ? <Tag tone="bad">{number(check.broken)}</Tag> : number(0)}</td>
          </tr>
        ))}
    </Table>
  </>
);

const lasted = ({ started_at, finished_at }: Audit) => (Date.parse(finished_at) - Date.parse(started_at)) / 1000;

const Audits = () => {
  const pages = usePages<Audit>((cursor) => get<Page<Audit>>("/v1/ops/audit", { limit: 10, cursor }), []);
  const [opened, open] = useState<string | null>(null);
  const shown = pages.items?.find((audit) => audit.audit_id === opened) ?? pages.items?.[0];
  const run = async () => {
    const done = await post<Audit>("/v1/ops/audit");
    toast(
      done.broken ? t("ops.desk.money.found", { count: done.broken }) : t("ops.desk.money.all_right"),
      done.broken > 0,
    );
    open(done.audit_id);
    await pages.again();
  };
  return (
    <Panel
      title={t("ops.desk.money.audits")}
      aside={
        <Button kind="first" onClick={run}>
          {t("ops.desk.money.run")}
        </Button>
      }
    >
      <p class="soft">{t("ops.desk.money.about")}</p>
      {!!pages.items?.length && (
        <Table
          label={t("ops.desk.money.audits")}
          head={["when", "cause", "took", "looked_at", "result"].map((name) => t(`ops.desk.money.audit.${name}`))}
        >
          {pages.items.map((audit) => (
            <tr key={audit.audit_id}>
              <td class="when">
                <button type="button" class="link" aria-pressed={audit === shown} onClick={() => open(audit.audit_id)}>
                  {when(audit.finished_at)}
                </button>
              </td>
              <td>{t(`ops.desk.money.cause.${audit.cause}`)}</td>
              <td class="number">{span(lasted(audit))}</td>
              <td class="number">{number(audit.checked)}</td>
              <td>
                <Result audit={audit} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Pager of={pages} empty={t("ops.desk.money.no_audits")} />
      {shown && (
        <>
          <h3>{t("ops.desk.money.of", { when: when(shown.finished_at) })}</h3>
          <Checks audit={shown} />
        </>
      )}
    </Panel>
  );
};

const Owner = ({ of }: { of: Balance }) => {
  if (of.owner === null) return <>{t("ops.desk.money.platform")}</>;
  return of.kind === "driver" ? (
    <a class="number" href={href("drivers", of.owner)}>
      {tail(of.owner)}
    </a>
  ) : (
    <code class="number">{tail(of.owner)}</code>
  );
};

/** The books count what we owe as negative; people read it the other way round. */
const sense = ({ kind, balance_minor }: Balance): string => {
  if (balance_minor === 0) return t("ops.desk.money.even");
  return t(`ops.desk.money.sense.${kind}.${balance_minor > 0 ? "debit" : "credit"}`);
};

const Balances = () => {
  const [kind, setKind] = useState("");
  const [day, setDay] = useState("");
  const currencies = [...new Set(cities.value.map((each) => each.currency))];
  const [currency, setCurrency] = useState("");
  const at = day ? new Date(dayBegins(day, city.value?.time_zone).getTime() + 24 * 3_600_000) : null;
  const ended = at && at.getTime() < Date.now() ? at.toISOString() : null;
  const pages = usePages<Balance>(
    (cursor) =>
      get<Page<Balance>>("/v1/ops/ledger/balances", {
        kind: kind || null,
        currency: currency || null,
        at: ended,
        limit: 50,
        cursor,
      }),
    [kind, currency, ended],
  );
  return (
    <Panel title={t("ops.desk.money.balances")} aside={<Button onClick={pages.again}>{t("ops.desk.refresh")}</Button>}>
      <form class="filters" aria-label={t("ops.desk.money.which")} onSubmit={(event) => event.preventDefault()}>
        <Select
          label={t("ops.desk.money.account")}
          value={kind}
          options={[["", t("ops.desk.all")], ...KINDS.map((name) => [name, t(`ops.desk.money.kind.${name}`)] as const)]}
          onChange={setKind}
        />
        {currencies.length > 1 && (
          <Select
            label={t("ops.desk.money.currency")}
            value={currency}
            options={[["", t("ops.desk.all")], ...currencies.map((name) => [name, name] as const)]}
            onChange={setCurrency}
          />
        )}
        <Field
          label={t("ops.desk.money.at_the_end_of")}
          type="date"
          value={day}
          onChange={(event) => setDay(event.currentTarget.value)}
        />
      </form>
      {!!pages.items?.length && (
        <Table
          label={t("ops.desk.money.balances")}
          head={["account", "whose", "amount", "means"].map((name) => t(`ops.desk.money.balance.${name}`))}
        >
          {pages.items.map((balance) => (
            <tr key={balance.account_id}>
              <td>{t(`ops.desk.money.kind.${balance.kind}`, { defaultValue: balance.kind })}</td>
              <td>
                <Owner of={balance} />
              </td>
              <td class="number">
                {money({ amount_minor: Math.abs(balance.balance_minor), currency: balance.currency })}
              </td>
              <td>{sense(balance)}</td>
            </tr>
          ))}
        </Table>
      )}
      <Pager of={pages} empty={t("ops.desk.money.no_balances")} />
    </Panel>
  );
};

export const MoneyView = () => (
  <div class="view">
    <h1>{t("ops.frame.sections.money")}</h1>
    <Audits />
    <Balances />
  </div>
);
