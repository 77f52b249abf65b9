/** The key figures of the city: today's sums, and minute by minute. */
import { useMemo, useState } from "preact/hooks";
import type { City } from "../../app/city";
import { clock, dayAndTime, money, number } from "../../app/format";
import { get } from "../../app/http";
import { t } from "../../app/i18n";
import { Button, Dialog, Loading, Note, Select, words } from "../../ui/parts";
import { Panel, Table, Tag } from "../parts";
import { href } from "../route";
import { Chart, type Line } from "./chart";
import { useEvery } from "./every";
import { compact, wait } from "./words";

type Series =
  | "requests"
  | "completed"
  | "cancelled"
  | "unserved"
  | "wait_p50_s"
  | "wait_p90_s"
  | "positions_per_s"
  | "charged_minor";

interface Figures {
  interval_s: number;
  at: string[];
  series: Partial<Record<Series, (number | null)[]>>;
  today: {
    requests: number;
    completed: number;
    cancelled: number;
    unserved: number;
    charged_minor: number;
    currency: string;
    paid_out_minor: number | null;
    wait_p50_s: number | null;
    wait_p90_s: number | null;
  };
}

interface Overview {
  money: { audit: { finished_at: string; checked: number; broken: number } | null } | null;
  sockets: { authenticated: number };
  missing: { part: string; code: string }[];
}

const PAUSE_MS = 10_000;
const SPANS = [60, 180, 720] as const;

/** Without the last minute, which is under way: in a line it would look like a fall. */
const whole = (found: Figures): Figures => ({
  ...found,
  at: found.at.slice(0, -1),
  series: Object.fromEntries(Object.entries(found.series).map(([name, values]) => [name, values.slice(0, -1)])),
});

/** The chart's data of these series; what is not told of is unknown. */
const lines = (found: Figures, ...wanted: [series: Series, colour: string][]): Line[] =>
  wanted.map(([name, colour]) => ({
    name: t(`ops.live.figures.series.${name}`),
    colour,
    values: found.series[name] ?? found.at.map(() => null),
  }));

const last = (values: (number | null)[] | undefined): number | null =>
  values?.findLast((value) => value !== null) ?? null;

const dash = (value: number | null, figure: (value: number) => string): string =>
  value === null ? "–" : figure(value);

const Tile = ({ title, figure, more }: { title: string; figure: string; more?: string | false }) => (
  <div class="tile">
    <dt>{title}</dt>
    <dd>
      <span class="big number">{figure}</span>
      {more && <span class="soft small"> {more}</span>}
    </dd>
  </div>
);

const Minutes = ({ found, zone, onClose }: { found: Figures; zone: string; onClose: () => void }) => {
  const names = (Object.keys(found.series) as Series[]).filter((name) => name in WRITTEN);
  return (
    <Dialog title={t("ops.live.figures.by_minute")} onClose={onClose}>
      <Table
        label={t("ops.live.figures.by_minute")}
        head={[t("ops.live.figures.minute"), ...names.map((name) => t(`ops.live.figures.series.${name}`))]}
      >
        {found.at
          .map((at, index) => (
            <tr key={at}>
              <td class="number">{clock(at, zone)}</td>
              {names.map((name) => (
                <td key={name} class="number">
                  {dash(found.series[name]?.[index] ?? null, (value) => WRITTEN[name](value, found.today.currency))}
                </td>
              ))}
            </tr>
          ))
          .reverse()}
      </Table>
    </Dialog>
  );
};

const amount = (amount_minor: number, currency: string) => money({ amount_minor, currency });

const WRITTEN: Record<Series, (value: number, currency: string) => string> = {
  requests: (value) => number(value),
  completed: (value) => number(value),
  cancelled: (value) => number(value),
  unserved: (value) => number(value),
  wait_p50_s: (value) => wait(value),
  wait_p90_s: (value) => wait(value),
  positions_per_s: (value) => number(value, value < 10 ? 1 : 0),
  charged_minor: amount,
};

const Charts = ({ found, zone }: { found: Figures; zone: string }) => {
  const at = useMemo(() => found.at.map((each) => Date.parse(each) / 1000), [found]);
  const { today, series } = found;
  const { currency } = today;
  const plain = (value: number) => number(value);
  return (
    <>
      <div class="chart-block">
        <dl class="tiles">
          <Tile title={t("ops.live.figures.requests_today")} figure={number(today.requests)} />
          <Tile title={t("ops.live.figures.completed_today")} figure={number(today.completed)} />
        </dl>
        <Chart
          at={at}
          zone={zone}
          lines={lines(found, ["requests", "--text-soft"], ["completed", "--accent"])}
          figure={plain}
          short={compact}
        />
      </div>
      <div class="chart-block">
        <dl class="tiles">
          <Tile title={t("ops.live.figures.wait_p50")} figure={dash(today.wait_p50_s, wait)} />
          <Tile title={t("ops.live.figures.wait_p90")} figure={dash(today.wait_p90_s, wait)} />
        </dl>
        <Chart
          at={at}
          zone={zone}
          lines={lines(found, ["wait_p50_s", "--accent"], ["wait_p90_s", "--warn"])}
          figure={wait}
          short={(value) =>
            value < 120 ? t("ops.live.wait.s", { s: value }) : t("time.minutes", { count: Math.round(value / 60) })
          }
        />
      </div>
      <div class="chart-block">
        <dl class="tiles">
          <Tile title={t("ops.live.figures.unserved_today")} figure={number(today.unserved)} />
          <Tile title={t("ops.live.figures.cancelled_today")} figure={number(today.cancelled)} />
        </dl>
        <Chart
          at={at}
          zone={zone}
          lines={lines(found, ["unserved", "--bad"], ["cancelled", "--text-soft"])}
          figure={plain}
          short={compact}
        />
      </div>
      <div class="chart-block">
        <dl class="tiles">
          <Tile title={t("ops.live.figures.charged_today")} figure={amount(today.charged_minor, currency)} />
          <Tile
            title={t("ops.live.figures.paid_out_today")}
            figure={dash(today.paid_out_minor, (value) => amount(value, currency))}
          />
        </dl>
        <Chart
          at={at}
          zone={zone}
          bars
          lines={lines(found, ["charged_minor", "--accent"])}
          figure={(value) => amount(value, currency)}
          short={(value) => compact(value / unit(currency))}
        />
      </div>
      <div class="chart-block">
        <dl class="tiles">
          <Tile
            title={t("ops.live.figures.positions")}
            figure={dash(last(series.positions_per_s), (value) => WRITTEN.positions_per_s(value, currency))}
          />
        </dl>
        <Chart
          at={at}
          zone={zone}
          lines={lines(found, ["positions_per_s", "--accent"])}
          figure={(value) => WRITTEN.positions_per_s(value, currency)}
          short={compact}
        />
      </div>
    </>
  );
};

/** How many minor units make one of the currency. */
const unit = (currency: string): number =>
  10 ** (new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2);

const Audit = ({ overview, zone }: { overview: Overview; zone: string }) => {
  if (!overview.money) return <p class="small">{t("ops.live.audit.unknown")}</p>;
  const { audit } = overview.money;
  if (!audit) return <p class="small">{t("ops.live.audit.never")}</p>;
  return (
    <div class="row wrap between small">
      {audit.broken ? (
        <Tag tone="bad">{t("ops.live.audit.broken", { count: audit.broken })}</Tag>
      ) : (
        <Tag tone="good">{t("ops.live.audit.holds")}</Tag>
      )}
      <span class="soft">
        {t("ops.live.audit.checked", { when: dayAndTime(audit.finished_at, zone), things: number(audit.checked) })}
      </span>
      <a href={href("money")}>{t("ops.live.audit.open")}</a>
    </div>
  );
};

const Unanswered = ({ reason, onAgain }: { reason: unknown; onAgain: () => Promise<void> }) => (
  <Note kind="warn">
    <div class="row between wrap">
      <span class="grow">{t("ops.live.figures.failed", { why: words(reason) })}</span>
      <Button onClick={onAgain}>{t("ui.again")}</Button>
    </div>
  </Note>
);

export const KeyFigures = ({ city }: { city: City }) => {
  const [minutes, setMinutes] = useState<number>(SPANS[0]);
  const [table, setTable] = useState(false);
  const figures = useEvery(
    PAUSE_MS,
    async (signal) => whole(await get<Figures>("/v1/ops/figures", { city: city.id, minutes: minutes + 1 }, signal)),
    [city.id, minutes],
  );
  const overview = useEvery(PAUSE_MS, (signal) => get<Overview>("/v1/ops/overview", {}, signal), []);
  const zone = city.time_zone;
  const found = figures.value;
  return (
    <>
      <Panel title={t("ops.live.figures.title")}>
        {figures.failure !== null && <Unanswered reason={figures.failure} onAgain={figures.again} />}
        {!found && figures.failure === null && <Loading />}
        <div class="chart-choice">
          <Select
            label={t("ops.live.figures.span")}
            value={String(minutes)}
            options={SPANS.map((each) => [String(each), t("ops.live.figures.hours", { count: each / 60 })] as const)}
            onChange={(value) => setMinutes(Number(value))}
          />
          <Button disabled={!found} onClick={() => setTable(true)}>
            {t("ops.live.figures.as_table")}
          </Button>
        </div>
        {found && <Charts found={found} zone={zone} />}
      </Panel>
      <Panel title={t("ops.live.audit.title")}>
        {overview.failure !== null && <Unanswered reason={overview.failure} onAgain={overview.again} />}
        {overview.value && <Audit overview={overview.value} zone={zone} />}
        {overview.value?.missing.map(({ part }) => (
          <p key={part} class="small warned">
            {t("ops.live.missing", { part: t(`ops.live.part.${part}`, { defaultValue: part }) })}
          </p>
        ))}
      </Panel>
      {table && found && <Minutes found={found} zone={zone} onClose={() => setTable(false)} />}
    </>
  );
};
