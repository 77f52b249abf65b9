/** What is known of a trip, in a list of facts. */
import type { ComponentChildren } from "preact";
import { distance, money } from "../../app/format";
import { t } from "../../app/i18n";
import { href } from "../route";
import type { OpsTrip } from "./model";
import { meaning, methodOf, span, tail, when } from "./words";

interface FactProps {
  name: string;
  children: ComponentChildren;
}

export const Fact = ({ name, children }: FactProps) => (
  <>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </>
);

const Driver = ({ trip }: { trip: OpsTrip }) => {
  if (!trip.driver_id) return <>–</>;
  const vehicle = trip.driver?.vehicle;
  return (
    <>
      <a href={href("drivers", trip.driver_id)}>
        <bdi>{trip.driver?.name ?? tail(trip.driver_id)}</bdi>
      </a>
      {vehicle && (
        <span class="soft small block">
          <bdi>
            {vehicle.make} {vehicle.model}, {vehicle.colour}
          </bdi>{" "}
          · <bdi>{vehicle.plate}</bdi>
        </span>
      )}
    </>
  );
};

const Fare = ({ trip }: { trip: OpsTrip }) => {
  const paid = trip.to_pay ?? trip.fare;
  const less = trip.discount?.amount_minor ? t("ops.trips.less", { amount: money(trip.discount) }) : "";
  return (
    <>
      {trip.cancellation_fee ? money(trip.cancellation_fee) : money(paid)}
      <span class="soft small block">
        {trip.cancellation_fee
          ? t("ops.trips.fee_of_cancel", { fare: money(trip.fare) })
          : `${t(trip.fare_final ? "ops.trips.fare_final" : "ops.trips.fare_quoted")} ${less}`}
        {trip.fare_reason && ` · ${meaning("trips.fare_reasons", trip.fare_reason)}`}
      </span>
    </>
  );
};

const Ended = ({ trip }: { trip: OpsTrip }) => {
  if (!trip.cancelled_at) return null;
  const by = meaning("trips.roles", trip.cancelled_by ?? "");
  return (
    <>
      <Fact name={t("ops.trips.cancelled")}>
        {when(trip.cancelled_at, trip.city)} · {by}
      </Fact>
      {trip.cancel_reason && (
        <Fact name={t("ops.trips.reason")}>
          <bdi>{trip.cancel_reason}</bdi>
        </Fact>
      )}
    </>
  );
};

export const Facts = ({ trip }: { trip: OpsTrip }) => (
  <dl class="facts">
    <Fact name={t("ops.trips.id")}>
      <code>{trip.id}</code>
    </Fact>
    <Fact name={t("ops.trips.head.rider")}>
      <a href={href("trips", null, { rider_id: trip.rider_id })}>
        <bdi>{trip.rider?.name ?? tail(trip.rider_id)}</bdi>
      </a>
    </Fact>
    <Fact name={t("ops.trips.head.driver")}>
      <Driver trip={trip} />
    </Fact>
    <Fact name={t("ops.trips.head.asked")}>{when(trip.requested_at, trip.city)}</Fact>
    {trip.completed_at && <Fact name={t("ops.trips.completed")}>{when(trip.completed_at, trip.city)}</Fact>}
    {trip.expired_at && <Fact name={t("ops.trips.expired")}>{when(trip.expired_at, trip.city)}</Fact>}
    <Ended trip={trip} />
    <Fact name={t("ops.trips.head.category")}>{t(`category.${trip.category}`, { defaultValue: trip.category })}</Fact>
    <Fact name={t("ops.trips.length")}>
      {distance(trip.distance_m)} · {span(trip.duration_s)}
    </Fact>
    <Fact name={t("ops.trips.head.fare")}>
      <Fare trip={trip} />
    </Fact>
    {trip.promo_code && <Fact name={t("ops.trips.promo")}>{trip.promo_code}</Fact>}
    <Fact name={t("ops.trips.paid_with")}>{methodOf(trip)}</Fact>
    {!!trip.destination_changes && (
      <Fact name={t("ops.trips.changes")}>{t("ops.trips.times", { count: trip.destination_changes })}</Fact>
    )}
  </dl>
);
