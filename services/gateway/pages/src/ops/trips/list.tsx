/** Trips, newest first. What is asked for stands in the address. */
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { city } from "../../app/city";
import { money } from "../../app/format";
import { get, type Page } from "../../app/http";
import { t } from "../../app/i18n";
import { Button, Field, Select } from "../../ui/parts";
import { Pager, Panel, Table, Tag, usePages } from "../parts";
import { href, refine, route } from "../route";
import type { OpsTrip } from "./model";
import { dayBegins, short, tail, told, toneOf, when, zoneOf } from "./words";

const STATES = ["requested", "assigned", "arrived", "in_progress", "completed", "cancelled", "expired"];
const PAYMENTS = ["pending", "owed", "paid_late", "refunded"];
const TYPED_MS = 350;

/** What the list was asked for last, for the way back to it. */
export const lastAsked = signal<Partial<Asked>>({});

type Asked = Record<"state" | "category" | "payment" | "q" | "from" | "to" | "rider_id" | "driver_id", string>;

const asked = (): Asked => {
  const { query } = route.value;
  const of = (name: string) => query.get(name) ?? "";
  return {
    state: of("state"),
    category: of("category"),
    payment: of("payment"),
    q: of("q"),
    from: of("from"),
    to: of("to"),
    rider_id: of("rider_id"),
    driver_id: of("driver_id"),
  };
};

const DATE = /^\d{4}-\d\d-\d\d$/;

/** A day of the city's as the moment that it begins, or `after` that many days later. */
const moment = (day: string, after = 0): string | null => {
  if (!DATE.test(day)) return null;
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + after * 86_400_000).toISOString().slice(0, 10);
  return dayBegins(next, zoneOf(city.value?.id)).toISOString();
};

/** `cut_off`: more trips are paid so than were looked at. */
type TripPage = Page<OpsTrip> & { cut_off: boolean };

const fetchTrips = (filters: Asked, cursor: string | null) =>
  told(
    get<TripPage>("/v1/ops/trips", {
      city: city.value?.id,
      state: filters.state || null,
      category: filters.category || null,
      payment: filters.payment || null,
      q: filters.q || null,
      rider_id: filters.rider_id || null,
      driver_id: filters.driver_id || null,
      from: moment(filters.from),
      to: moment(filters.to, 1),
      limit: 50,
      cursor,
    }),
  );

/** What is typed, asked for once there is a pause. */
export const Search = ({
  label,
  hint,
  value,
  onAsk,
}: {
  label: string;
  hint?: string;
  value: string;
  onAsk: (text: string) => void;
}) => {
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    // the address was changed by something else than this field
    if (value !== sent.current) setTyped(value);
    sent.current = value;
  }, [value]);
  useEffect(() => {
    const text = typed.trim();
    if (text === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text;
      onAsk(text);
    }, TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <Field
      label={label}
      placeholder={hint ?? ""}
      type="search"
      maxLength={100}
      dir="auto"
      value={typed}
      onInput={(event) => setTyped(event.currentTarget.value)}
    />
  );
};

const Filters = ({ filters }: { filters: Asked }) => {
  const set = (more: Partial<Asked>) => refine({ ...asked(), ...more });
  const any = t("ops.trips.any");
  const named = filters.rider_id || filters.driver_id;
  return (
    <form class="filters" aria-label={t("ops.trips.filters")} onSubmit={(event) => event.preventDefault()}>
      <Search
        label={t("ops.trips.search")}
        hint={t("ops.trips.search_hint")}
        value={filters.q}
        onAsk={(q) => set({ q })}
      />
      <Select
        label={t("ops.trips.state")}
        value={filters.state}
        options={[["", any], ...STATES.map((name) => [name, t(`state.${name}`)] as const)]}
        onChange={(state) => set({ state })}
      />
      <Select
        label={t("ops.trips.category")}
        value={filters.category}
        options={[
          ["", any],
          ...(city.value?.categories ?? []).map(
            (name) => [name, t(`category.${name}`, { defaultValue: name })] as const,
          ),
        ]}
        onChange={(category) => set({ category })}
      />
      <Select
        label={t("ops.trips.payment")}
        value={filters.payment}
        options={[["", any], ...PAYMENTS.map((name) => [name, t(`ops.trips.payments.${name}`)] as const)]}
        onChange={(payment) => set({ payment })}
      />
      <Field
        label={t("ops.trips.from")}
        type="date"
        value={filters.from}
        max={filters.to || undefined}
        onChange={(event) => set({ from: event.currentTarget.value })}
      />
      <Field
        label={t("ops.trips.to")}
        type="date"
        value={filters.to}
        min={filters.from || undefined}
        onChange={(event) => set({ to: event.currentTarget.value })}
      />
      {Object.values(filters).some(Boolean) && <Button onClick={() => refine({})}>{t("ops.trips.clear")}</Button>}
      {named && (
        <p class="small soft whole">
          {t(filters.driver_id ? "ops.trips.of_driver" : "ops.trips.of_rider", { id: tail(named) })}
        </p>
      )}
    </form>
  );
};

/** Somebody's name, or the beginning of his id while it is not known. */
const named = (id: string | null, name: string | null | undefined) => (id ? (name ?? tail(id)) : "–");

const Row = ({ trip }: { trip: OpsTrip }) => (
  <tr>
    <td>
      <a href={href("trips", trip.id)} aria-label={t("ops.trips.open", { id: short(trip.id) })}>
        {short(trip.id)}
      </a>
    </td>
    <td class="when">{when(trip.requested_at, trip.city)}</td>
    <td>
      <Tag tone={toneOf(trip.state)}>{t(`state.${trip.state}`)}</Tag>
    </td>
    <td class="name">
      <bdi>{named(trip.rider_id, trip.rider?.name)}</bdi>
    </td>
    <td class="name">
      {trip.driver_id ? (
        <a href={href("drivers", trip.driver_id)}>
          <bdi>{named(trip.driver_id, trip.driver?.name)}</bdi>
        </a>
      ) : (
        "–"
      )}
    </td>
    <td>{t(`category.${trip.category}`, { defaultValue: trip.category })}</td>
    <td class="number">{money(trip.cancellation_fee ?? trip.to_pay ?? trip.fare)}</td>
  </tr>
);

/** A page of trips as a table. */
export const TripTable = ({ label, trips }: { label: string; trips: OpsTrip[] }) => (
  <Table
    label={label}
    head={["trip", "asked", "state", "rider", "driver", "category", "fare"].map((name) => t(`ops.trips.head.${name}`))}
  >
    {trips.map((trip) => (
      <Row key={trip.id} trip={trip} />
    ))}
  </Table>
);

export const TripList = () => {
  const filters = asked();
  useEffect(() => {
    lastAsked.value = filters;
  });
  const [isCutOff, cutOff] = useState(false);
  const fetchPage = async (cursor: string | null) => {
    const page = await fetchTrips(filters, cursor);
    cutOff(page.cut_off);
    return page;
  };
  const pages = usePages(fetchPage, [city.value?.id, JSON.stringify(filters)]);
  return (
    <div class="view">
      <h1>{t("ops.trips.title")}</h1>
      <Panel title={t("ops.trips.list")} aside={<Button onClick={pages.again}>{t("ops.trips.refresh")}</Button>}>
        <Filters filters={filters} />
        {isCutOff && <p class="small soft">{t("ops.trips.cut_off")}</p>}
        {!!pages.items?.length && <TripTable label={t("ops.trips.table")} trips={pages.items} />}
        <Pager of={pages} empty={t("ops.trips.none")} />
      </Panel>
    </div>
  );
};
