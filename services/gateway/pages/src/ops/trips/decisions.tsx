/** Who was looked at for a trip, who was asked and why nobody else: in words, and all of it as a table. */
import { useState } from "preact/hooks";
import { distance, number } from "../../app/format";
import { get } from "../../app/http";
import { t } from "../../app/i18n";
import { useResource } from "../../app/resource";
import { Button } from "../../ui/parts";
import { Panel, Table, Tag, type Tone } from "../parts";
import { href } from "../route";
import { decided, whyOf } from "./decided";
import { Awaited } from "./failed";
import type { Batch, Considered, Decisions, OpsTrip } from "./model";
import { meaning, span, tail, told, toTheSecond } from "./words";

const BATCHES_SHOWN = 10;
const COLUMNS = ["driver", "outcome", "road", "distance", "score", "parts"] as const;

const TONES: Record<string, Tone> = { accepted: "good", declined: "warn", expired: "warn", withdrawn: "plain" };

const Outcome = ({ item }: { item: Considered }) => {
  if (item.offer_id === null)
    return <span class="soft">{meaning("trips.dropped", whyOf(item.dropped ?? "not_matched"))}</span>;
  const answer = item.answer ?? "open";
  return (
    <>
      <Tag tone={TONES[answer] ?? "plain"}>{t(`ops.trips.answers.${answer}`)}</Tag>
      {item.delay_s !== null && <span class="soft small"> {t("ops.trips.after", { time: span(item.delay_s) })}</span>}
      {item.reason && <span class="soft small block">{meaning("trips.reasons", item.reason)}</span>}
    </>
  );
};

/** "32 s road − 4 s waited" */
const partsOf = (item: Considered): string =>
  Object.entries(item.parts)
    .filter(([, value]) => Math.abs(value) >= 0.05)
    .map(([name, value], index) => {
      const sign = value < 0 ? "− " : index ? "+ " : "";
      return `${sign}${span(Math.abs(value))} ${meaning("trips.score", name)}`;
    })
    .join(" ");

const Row = ({ item }: { item: Considered }) => (
  <tr>
    <td class="name">
      <a href={href("drivers", item.driver_id)}>
        <bdi>{item.driver_name ?? tail(item.driver_id)}</bdi>
      </a>
    </td>
    <td>
      <Outcome item={item} />
    </td>
    <td class="number">
      {item.pickup_eta_s === null ? "–" : span(item.pickup_eta_s)}
      {!!item.free_in_s && (
        <span class="soft small block">{t("ops.trips.free_in", { time: span(item.free_in_s) })}</span>
      )}
    </td>
    <td class="number">{item.distance_m === null ? "–" : distance(item.distance_m)}</td>
    <td class="number">{item.score === null ? "–" : number(item.score, 1)}</td>
    <td class="small">{partsOf(item)}</td>
  </tr>
);

const Group = ({ batch, items, of }: { batch: Batch; items: Considered[]; of: string }) => (
  <>
    <tr class="group">
      <td colSpan={COLUMNS.length}>
        <strong>{toTheSecond(batch.batch_at, of)}</strong> · {meaning("trips.policies", batch.policy)}
        {batch.fallback && ` (${meaning("trips.said.fallbacks", batch.fallback)})`}
        {batch.waited_s !== null && ` · ${t("ops.trips.waited", { time: span(batch.waited_s) })}`}
        {batch.estimated && ` · ${t("ops.trips.estimated")}`}
        {" · "}
        {t("ops.trips.considered", { count: batch.considered })}
      </td>
    </tr>
    {items.map((item) => (
      <Row key={`${item.batch_id} ${item.driver_id}`} item={item} />
    ))}
  </>
);

/** First who was asked, then the better ones. */
const ranked = (items: Considered[]): Considered[] =>
  items.toSorted(
    (one, other) =>
      Number(other.offer_id !== null) - Number(one.offer_id !== null) ||
      (one.score ?? Number.POSITIVE_INFINITY) - (other.score ?? Number.POSITIVE_INFINITY),
  );

const Record = ({ found, of }: { found: Decisions; of: string }) => {
  const [shown, show] = useState(BATCHES_SHOWN);
  const batches = found.batches.toSorted((one, other) => one.batch_at.localeCompare(other.batch_at));
  const held = (batch: Batch) => ranked(found.items.filter((item) => item.batch_id === batch.batch_id));
  return (
    <>
      <Table label={t("ops.trips.decisions_table")} head={COLUMNS.map((name) => t(`ops.trips.columns.${name}`))}>
        {batches.slice(0, shown).map((batch) => (
          <Group key={batch.batch_id} batch={batch} items={held(batch)} of={of} />
        ))}
      </Table>
      {batches.length > shown && (
        <div>
          <Button onClick={() => show(shown + 40)}>
            {t("ops.trips.more_batches", { count: batches.length - shown })}
          </Button>
        </div>
      )}
    </>
  );
};

export const DecisionRecord = ({ trip, on }: { trip: OpsTrip; on: string }) => {
  const found = useResource(() => told(get<Decisions>(`/v1/ops/trips/${trip.id}/decisions`)), [trip.id, on]);
  return (
    <Panel title={t("ops.trips.decisions")}>
      <Awaited of={found} />
      {found.value && <p>{decided(found.value).join(" ")}</p>}
      {!!found.value?.batches.length && <Record found={found.value} of={trip.city} />}
    </Panel>
  );
};
