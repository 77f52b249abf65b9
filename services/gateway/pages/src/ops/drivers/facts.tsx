/** Who a driver is and what he drives, and what was decided about him. */
import { number } from "../../app/format";
import { t } from "../../app/i18n";
import { Empty, Panel, Tag } from "../parts";
import { href } from "../route";
import { Fact } from "../trips/facts";
import { amountOf, meaning, short, tail, when } from "../trips/words";
import { ratingOf } from "./list";
import type { Decision, WholeDriver } from "./model";
import { APPROVALS } from "./words";

export const Facts = ({ driver }: { driver: WholeDriver }) => {
  const { vehicle } = driver;
  return (
    <dl class="facts">
      <Fact name={t("ops.drivers.id")}>
        <code>{driver.id}</code>
      </Fact>
      {driver.email && (
        <Fact name={t("account.email")}>
          <a href={`mailto:${driver.email}`}>{driver.email}</a>
        </Fact>
      )}
      {driver.phone && (
        <Fact name={t("account.phone")}>
          <a href={`tel:${driver.phone}`}>{driver.phone}</a>
        </Fact>
      )}
      <Fact name={t("ops.drivers.head.vehicle")}>
        <bdi>
          {vehicle.make} {vehicle.model}, {vehicle.colour}
        </bdi>
        <span class="soft small block">
          <bdi>{vehicle.plate}</bdi> · {t(`category.${vehicle.category}`, { defaultValue: vehicle.category })}
        </span>
      </Fact>
      <Fact name={t("ops.drivers.head.rating")}>{ratingOf(driver)}</Fact>
      <Fact name={t("ops.drivers.head.since")}>{when(driver.created_at)}</Fact>
      {driver.online && driver.went_online_at && (
        <Fact name={t("ops.drivers.online_since")}>{when(driver.went_online_at)}</Fact>
      )}
      <Fact name={t("ops.drivers.now")}>
        {driver.trip ? (
          <a href={href("trips", driver.trip.id)}>
            {t("ops.trips.one", { id: short(driver.trip.id) })} · {t(`state.${driver.trip.state}`)}
          </a>
        ) : (
          t("ops.drivers.no_trip_now")
        )}
      </Fact>
      {Object.entries(driver.totals ?? {}).map(([name, value]) => (
        <Fact key={name} name={meaning("drivers.totals", name)}>
          {typeof value === "number" ? number(value) : amountOf(value) || "–"}
        </Fact>
      ))}
    </dl>
  );
};

export const History = ({ decisions }: { decisions: Decision[] }) => (
  <Panel title={t("ops.drivers.history")}>
    {decisions.length === 0 && <Empty>{t("ops.drivers.no_history")}</Empty>}
    <ul class="list">
      {decisions.map((decision) => (
        <li key={`${decision.at} ${decision.approval}`} class="line">
          <span class="row wrap">
            <Tag tone={APPROVALS[decision.approval]}>{meaning("drivers.approvals", decision.approval)}</Tag>
            <span class="soft small">
              {when(decision.at)}
              {" · "}
              <bdi>{decision.by.name ?? tail(decision.by.id)}</bdi>
            </span>
          </span>
          {decision.reason && (
            <span class="block" dir="auto">
              {decision.reason}
            </span>
          )}
        </li>
      ))}
    </ul>
  </Panel>
);
