/** One trip: what is known of it, what happened, the way, who was chosen and why, the money. */
import { useState } from "preact/hooks";
import { get } from "../../app/http";
import { t } from "../../app/i18n";
import { OVER } from "../../app/trip";
import { Panel, Tag } from "../parts";
import { href } from "../route";
import { Cancel } from "./cancel";
import { DecisionRecord } from "./decisions";
import { Facts } from "./facts";
import { Awaited } from "./failed";
import { useHeading } from "./focus";
import { lastAsked } from "./list";
import type { OpsTrip } from "./model";
import { MoneyOf } from "./money";
import { usePolled } from "./polled";
import { Way } from "./replay";
import { Moments } from "./timeline";
import { short, told, toneOf } from "./words";

const POLLED_MS = 5000;

/** What changes with the trip is fetched again when its version does. */
const Parts = ({ trip, again }: { trip: OpsTrip; again: () => Promise<void> }) => {
  const [acted, setActed] = useState(0);
  const changed = async () => {
    setActed((count) => count + 1);
    await again();
  };
  const over = OVER.has(trip.state);
  return (
    <>
      {!over && <Cancel trip={trip} onDone={changed} />}
      <div class="two">
        <div class="view">
          <Panel title={t("ops.trips.facts")}>
            <Facts trip={trip} />
          </Panel>
          <MoneyOf trip={trip} onChanged={changed} on={`${trip.version} ${trip.settled_at}`} />
        </div>
        <Panel title={t("ops.trips.way")}>
          <Way trip={trip} />
        </Panel>
      </div>
      <Moments trip={trip} every_ms={over ? null : POLLED_MS} on={`${trip.version} ${trip.settled_at} ${acted}`} />
      <DecisionRecord trip={trip} on={`${trip.version}`} />
    </>
  );
};

export const OneTrip = ({ id }: { id: string }) => {
  const [over, setOver] = useState(false);
  const found = usePolled(
    async () => {
      const trip = await told(get<OpsTrip>(`/v1/trips/${encodeURIComponent(id)}`));
      // a ride that was completed is not settled yet: its fare and receipt come a moment later
      setOver(OVER.has(trip.state) && (trip.state !== "completed" || trip.settled_at !== null));
      return trip;
    },
    over ? null : POLLED_MS,
    [id],
  );
  const trip = found.value;
  const heading = useHeading(trip?.state);
  return (
    <div class="view">
      <p>
        <a href={href("trips", null, lastAsked.value)}>{t("ops.trips.back")}</a>
      </p>
      <div class="row wrap">
        <h1 ref={heading} tabIndex={-1}>
          {t("ops.trips.one", { id: short(id) })}
        </h1>
        {trip && <Tag tone={toneOf(trip.state)}>{t(`state.${trip.state}`)}</Tag>}
      </div>
      <Awaited of={found} />
      {trip && <Parts trip={trip} again={found.again} />}
    </div>
  );
};
