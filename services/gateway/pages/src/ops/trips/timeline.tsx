/** What happened to a trip, moment by moment, in the operator's language. */
import { distance, number } from "../../app/format";
import { get } from "../../app/http";
import { hasText, t } from "../../app/i18n";
import { Note } from "../../ui/parts";
import { Empty, Panel } from "../parts";
import { href } from "../route";
import { Awaited } from "./failed";
import type { Moment, OpsTrip, Timeline } from "./model";
import { usePolled } from "./polled";
import { amountOf, isMoney, meaning, span, tail, told, toTheSecond } from "./words";

/** Values that are codes, and the texts that say them. */
const LISTS: Record<string, string> = { of: "trips.kinds", method: "trips.methods" };

/** A value as people write it: lengths, amounts, codes as words. */
const spoken = ([name, value]: [string, unknown]): [string, unknown] => {
  if (isMoney(value)) return [name, amountOf(value)];
  if (typeof value === "number" && name.endsWith("_s")) return [name, span(value)];
  if (typeof value === "number" && name.endsWith("_m")) return [name, distance(value)];
  if (name === "category") return [name, t(`category.${value}`, { defaultValue: String(value) })];
  if (name in LISTS && typeof value === "string") return [name, meaning(LISTS[name] ?? "", value)];
  return [name, value ?? ""];
};

type Values = Record<string, unknown>;

/** Of the batches that looked at the trip: how many drivers, how often, and why nobody was asked. */
const looked = (values: Values): string => {
  const often =
    Number(values.batches) > 1 ? t("ops.trips.looked_often", spokenOf({ ...values, count: values.batches })) : "";
  const drivers = t("ops.trips.looked", { count: Number(values.drivers) });
  const dropped = Object.entries((values.dropped ?? {}) as Record<string, number>);
  const why = dropped.map(([reason, count]) =>
    t(`ops.trips.said.others.${reason}`, { count, defaultValue: `${count} ${reason}` }),
  );
  const asked = values.offered ? t("ops.trips.looked_asked") : why.join(", ");
  return [drivers, often, asked].filter(Boolean).join(" · ");
};

const spokenOf = (values: Values): Values => Object.fromEntries(Object.entries(values).map(spoken));

export const said = (moment: Moment): string => {
  const key = `ops.trips.moments.${moment.code}`;
  if (moment.code === "looked") return looked(moment.values);
  if (!hasText(key) && !hasText(`${key}_one`)) return moment.words || moment.code;
  return t(key, { ...spokenOf(moment.values), count: Number(moment.values.stars ?? 0) });
};

/** What the sentence has no room for: why, what it cost, what was said. */
const more = ({ code, values }: Moment): string => {
  const { reason, fee, surge, discount, comment, promo_code } = values;
  const multiplier = (surge as { multiplier?: number } | undefined)?.multiplier ?? 1;
  const whys = code === "settled" ? "trips.fare_reasons" : "trips.reasons";
  return [
    typeof reason === "string" && reason ? meaning(whys, reason) : "",
    isMoney(fee) && fee.amount_minor ? t("ops.trips.fee", { amount: amountOf(fee) }) : "",
    multiplier > 1 ? t("ops.trips.surged", { times: number(multiplier, 1) }) : "",
    isMoney(discount) && discount.amount_minor ? t("ops.trips.less", { amount: amountOf(discount) }) : "",
    typeof promo_code === "string" && promo_code ? t("ops.trips.with_code", { code: promo_code }) : "",
    typeof comment === "string" && comment ? `“${comment}”` : "",
  ]
    .filter(Boolean)
    .join(" · ");
};

const Who = ({ who }: { who: NonNullable<Moment["who"]> }) => {
  const role = meaning("trips.roles", who.role);
  const known = who.name ?? (who.id ? tail(who.id) : "");
  const name = known === role ? "" : known;
  return (
    <span class="soft small block">
      {role}{" "}
      {who.role === "driver" && who.id ? (
        <a href={href("drivers", who.id)}>
          <bdi>{name}</bdi>
        </a>
      ) : (
        <bdi>{name}</bdi>
      )}
    </span>
  );
};

const Item = ({ moment, of }: { moment: Moment; of: string }) => (
  <li class={`moment ${moment.kind}`}>
    <time dateTime={moment.at}>{toTheSecond(moment.at, of)}</time>
    <div>
      {said(moment)}
      {more(moment) && (
        <span class="small block" dir="auto">
          {more(moment)}
        </span>
      )}
      {moment.who && <Who who={moment.who} />}
    </div>
  </li>
);

export const Moments = ({ trip, every_ms, on }: { trip: OpsTrip; every_ms: number | null; on: string }) => {
  const found = usePolled(() => told(get<Timeline>(`/v1/ops/trips/${trip.id}/timeline`)), every_ms, [trip.id, on]);
  const missing = found.value?.missing.map(({ part }) => meaning("trips.parts", part)) ?? [];
  return (
    <Panel title={t("ops.trips.timeline")}>
      <Awaited of={found} />
      {missing.length > 0 && <Note kind="warn">{t("ops.trips.missing", { parts: missing.join(", ") })}</Note>}
      {found.value?.items.length === 0 && <Empty>{t("ops.trips.no_moments")}</Empty>}
      <ol class="moments">
        {found.value?.items.map((moment, index) => (
          <Item key={index} moment={moment} of={trip.city} />
        ))}
      </ol>
    </Panel>
  );
};
