/** Drivers, newest first, and those whose positions are not believed. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { number } from "../../app/format";
import { get, type Page } from "../../app/http";
import { t } from "../../app/i18n";
import { useResource } from "../../app/resource";
import { Button, Select } from "../../ui/parts";
import { Empty, Pager, Panel, Table, Tag, usePages } from "../parts";
import { href, refine, route } from "../route";
import { Awaited } from "../trips/failed";
import { Search } from "../trips/list";
import { meaning, tail, told, when } from "../trips/words";
import type { Doubted, Driver } from "./model";
import { APPROVALS } from "./words";

type Asked = Record<"approval" | "online" | "q", string>;

/** What the list was asked for last, for the way back to it. */
export const lastAsked = signal<Partial<Asked>>({});

const asked = (): Asked => {
  const of = (name: string) => route.value.query.get(name) ?? "";
  return { approval: of("approval"), online: of("online"), q: of("q") };
};

const fetchDrivers = (filters: Asked, cursor: string | null) =>
  told(
    get<Page<Driver>>("/v1/ops/drivers", {
      approval: filters.approval || null,
      online: filters.online || null,
      q: filters.q || null,
      limit: 50,
      cursor,
    }),
  );

const Filters = ({ filters }: { filters: Asked }) => {
  const set = (more: Partial<Asked>) => refine({ ...asked(), ...more });
  const any = t("ops.drivers.any");
  const label = t("ops.drivers.filters");
  return (
    <form class="filters" aria-label={label} onSubmit={(event) => event.preventDefault()}>
      <Search
        label={t("ops.drivers.search")}
        hint={t("ops.drivers.search_hint")}
        value={filters.q}
        onAsk={(q) => set({ q })}
      />
      <Select
        label={t("ops.drivers.approval")}
        value={filters.approval}
        options={[
          ["", any],
          ...Object.keys(APPROVALS).map((name) => [name, meaning("drivers.approvals", name)] as const),
        ]}
        onChange={(approval) => set({ approval })}
      />
      <Select
        label={t("ops.drivers.work")}
        value={filters.online}
        options={[
          ["", any],
          ["true", t("ops.drivers.online")],
          ["false", t("ops.drivers.offline")],
        ]}
        onChange={(online) => set({ online })}
      />
      {Object.values(filters).some(Boolean) && <Button onClick={() => refine({})}>{t("ops.drivers.clear")}</Button>}
    </form>
  );
};

export const ratingOf = ({ rating, rating_count }: Driver): string =>
  rating === null ? "–" : `${number(rating, 1)} (${number(rating_count)})`;

const Row = ({ driver }: { driver: Driver }) => (
  <tr>
    <td class="name">
      <a href={href("drivers", driver.id)}>
        <bdi>{driver.name}</bdi>
      </a>
    </td>
    <td>
      <Tag tone={APPROVALS[driver.approval]}>{meaning("drivers.approvals", driver.approval)}</Tag>
    </td>
    <td>{driver.online ? <Tag tone="good">{t("ops.drivers.online")}</Tag> : t("ops.drivers.offline")}</td>
    <td class="name">
      <bdi>
        {driver.vehicle.make} {driver.vehicle.model}
      </bdi>
      <bdi class="soft small block">{driver.vehicle.plate}</bdi>
    </td>
    <td>{t(`category.${driver.vehicle.category}`, { defaultValue: driver.vehicle.category })}</td>
    <td class="number">{ratingOf(driver)}</td>
    <td class="when">{when(driver.created_at)}</td>
  </tr>
);

const COLUMNS = ["name", "approval", "work", "vehicle", "category", "rating", "since"];

/** "3 × jumped, 1 × stood still" */
export const counted = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .sort((one, other) => other[1] - one[1])
    .map(([reason, count]) => `${number(count)} × ${meaning("drivers.marks", reason)}`)
    .join(", ");

const Doubts = () => {
  const found = useResource(() => told(get<Page<Doubted>>("/v1/ops/implausible", { limit: 20 })));
  return (
    <Panel title={t("ops.drivers.doubts")}>
      <Awaited of={found} />
      {found.value?.items.length === 0 && <Empty>{t("ops.drivers.no_doubts")}</Empty>}
      {!!found.value?.items.length && (
        <Table
          label={t("ops.drivers.doubts_table")}
          head={["name", "marks", "last", "offered"].map((name) => t(`ops.drivers.doubt.${name}`))}
        >
          {found.value.items.map((item) => (
            <tr key={item.driver_id}>
              <td class="name">
                <a href={href("drivers", item.driver_id)}>
                  <bdi>{item.driver_name ?? tail(item.driver_id)}</bdi>
                </a>
              </td>
              <td>{counted(item.counts)}</td>
              <td class="when">{when(item.last_at)}</td>
              <td>{item.offered ? t("ops.drivers.yes") : meaning("drivers.why_not", item.why_not ?? "")}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
};

export const DriverList = () => {
  const filters = asked();
  const pages = usePages((cursor) => fetchDrivers(filters, cursor), [JSON.stringify(filters)]);
  useEffect(() => {
    lastAsked.value = filters;
  });
  return (
    <div class="view">
      <h1>{t("ops.drivers.title")}</h1>
      <Panel title={t("ops.drivers.list")} aside={<Button onClick={pages.again}>{t("ops.drivers.refresh")}</Button>}>
        <Filters filters={filters} />
        {!!pages.items?.length && (
          <Table label={t("ops.drivers.title")} head={COLUMNS.map((name) => t(`ops.drivers.head.${name}`))}>
            {pages.items.map((driver) => (
              <Row key={driver.id} driver={driver} />
            ))}
          </Table>
        )}
        <Pager of={pages} empty={t("ops.drivers.none")} />
      </Panel>
      <Doubts />
    </div>
  );
};
