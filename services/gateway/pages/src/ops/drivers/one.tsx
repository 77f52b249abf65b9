/** One driver: who he is, whether he may drive, why he has no rides, his trips and his money. */
import { useState } from "preact/hooks";
import { get, type Page } from "../../app/http";
import { t } from "../../app/i18n";
import { useResource } from "../../app/resource";
import { Note } from "../../ui/parts";
import { Empty, Panel, Tag } from "../parts";
import { href } from "../route";
import { Awaited } from "../trips/failed";
import { useHeading } from "../trips/focus";
import { TripTable } from "../trips/list";
import type { OpsTrip } from "../trips/model";
import { usePolled } from "../trips/polled";
import { meaning, tail, told } from "../trips/words";
import { Decide } from "./decide";
import { Documents } from "./documents";
import { Earned } from "./earned";
import { Facts, History } from "./facts";
import { lastAsked } from "./list";
import type { WholeDriver } from "./model";
import { PositionsOf } from "./positions";
import { WhyNoRides } from "./why";
import { APPROVALS } from "./words";

const POLLED_MS = 10_000;

const LastTrips = ({ id }: { id: string }) => {
  const found = useResource(() => told(get<Page<OpsTrip>>("/v1/ops/trips", { driver_id: id, limit: 10 })), [id]);
  return (
    <Panel
      title={t("ops.drivers.trips")}
      aside={<a href={href("trips", null, { driver_id: id })}>{t("ops.drivers.all_trips")}</a>}
    >
      <Awaited of={found} />
      {found.value?.items.length === 0 && <Empty>{t("ops.drivers.no_trips")}</Empty>}
      {!!found.value?.items.length && <TripTable label={t("ops.drivers.trips_table")} trips={found.value.items} />}
    </Panel>
  );
};

const Known = ({ driver, again }: { driver: WholeDriver; again: () => Promise<void> }) => {
  const missing = driver.missing.map(({ part }) => meaning("trips.parts", part));
  return (
    <>
      {missing.length > 0 && <Note kind="warn">{t("ops.trips.missing", { parts: missing.join(", ") })}</Note>}
      {driver.approval === "suspended" && driver.suspended_for && (
        <Note kind="warn">
          {t("ops.drivers.suspended_for")} <bdi>{driver.suspended_for}</bdi>
        </Note>
      )}
      <Decide driver={driver} onDone={again} />
      <div class="two">
        <div class="view">
          <Panel title={t("ops.drivers.facts")}>
            <Facts driver={driver} />
          </Panel>
          <Documents key={driver.id} driver={driver} onDone={again} />
          <History decisions={driver.decisions} />
        </div>
        <div class="view">
          <PositionsOf driver={driver} />
          <WhyNoRides id={driver.id} />
          <Earned id={driver.id} />
        </div>
      </div>
      <LastTrips id={driver.id} />
    </>
  );
};

export const OneDriver = ({ id }: { id: string }) => {
  const [acting, act] = useState(0);
  const found = usePolled(() => told(get<WholeDriver>(`/v1/ops/drivers/${encodeURIComponent(id)}`)), POLLED_MS, [
    id,
    acting,
  ]);
  const driver = found.value;
  const heading = useHeading(
    driver ? [driver.approval, ...driver.documents.map(({ state }) => state)].join() : undefined,
  );
  const again = async () => {
    act((count) => count + 1);
    await found.again();
  };
  return (
    <div class="view">
      <p>
        <a href={href("drivers", null, lastAsked.value)}>{t("ops.drivers.back")}</a>
      </p>
      <div class="row wrap">
        <h1 ref={heading} tabIndex={-1}>
          <bdi>{driver?.name ?? t("ops.drivers.one", { id: tail(id) })}</bdi>
        </h1>
        {driver && <Tag tone={APPROVALS[driver.approval]}>{meaning("drivers.approvals", driver.approval)}</Tag>}
        {driver && (
          <Tag tone={driver.online ? "good" : "plain"}>
            {t(driver.online ? "ops.drivers.online" : "ops.drivers.offline")}
          </Tag>
        )}
      </div>
      <Awaited of={found} />
      {driver && <Known driver={driver} again={again} />}
    </div>
  );
};
