/** The rider's rides, newest first, each with its route and receipt. */
import { useEffect, useState } from "preact/hooks";
import { cities, city } from "../app/city";
import { openDocument } from "../app/documents";
import { dayAndTime, money } from "../app/format";
import { get, type Page, type Point } from "../app/http";
import { t } from "../app/i18n";
import { useResource } from "../app/resource";
import type { Receipt, Trip } from "../app/trip";
import { Button, Dialog, Loading, Note, words } from "../ui/parts";
import { ReceiptView } from "./after";
import { RouteMap } from "./route-map";

interface Trace {
  matched_route: Point[] | null;
  points: (Point & { at: string })[];
}

/** The time of day where the ride was. */
const zoneOf = (ride: Trip) => (cities.value.find((each) => each.id === ride.city) ?? city.value)?.time_zone;

const One = ({ ride }: { ride: Trip }) => {
  const trace = useResource(() => get<Trace>(`/v1/trips/${ride.id}/trace`));
  const place = cities.value.find((each) => each.id === ride.city) ?? city.value;
  const receipt = useResource(() => get<Receipt>(`/v1/trips/${ride.id}/receipt`));
  const line = trace.value?.matched_route?.length ? trace.value.matched_route : (trace.value?.points ?? []);
  return (
    <div class="stack">
      {!trace.value && trace.failure === null && <Loading />}
      {line.length > 1 && place && <RouteMap city={place} line={line} />}
      {line.length < 2 && (trace.value || trace.failure !== null) && <p class="soft small">{t("history.no_route")}</p>}
      {ride.driver && (
        <p class="small">
          {t("history.driver", { name: `\u2068${ride.driver.name}\u2069` })} · {ride.driver.vehicle.plate}
        </p>
      )}
      {receipt.value && (
        <>
          <ReceiptView receipt={receipt.value} />
          <Button onClick={() => openDocument(ride.id)}>{t("rider.receipt_pdf")}</Button>
        </>
      )}
    </div>
  );
};

export const History = ({ onClose }: { onClose: () => void }) => {
  const [items, setItems] = useState<Trip[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [opened, setOpened] = useState<string | null>(null);
  const more = async (after: string | null) => {
    try {
      const page = await get<Page<Trip>>("/v1/me/trips", { limit: 20, cursor: after });
      setItems((before) => [...(after ? (before ?? []) : []), ...page.items]);
      setCursor(page.next_cursor);
    } catch (reason) {
      setFailure(reason);
    }
  };
  useEffect(() => void more(null), []);
  return (
    <Dialog title={t("menu.history")} onClose={onClose}>
      {failure !== null && <Note kind="bad">{words(failure)}</Note>}
      {!items && failure === null && <Loading />}
      {items && !items.length && <p class="empty">{t("history.none")}</p>}
      <ul class="list">
        {items?.map((ride) => (
          <li key={ride.id}>
            <button
              type="button"
              class="choice"
              aria-expanded={opened === ride.id}
              onClick={() => setOpened(opened === ride.id ? null : ride.id)}
            >
              <span class="grow">
                <strong>{dayAndTime(ride.requested_at, zoneOf(ride))}</strong>
                <span class="soft small block">
                  {t(`state.${ride.state}`)} · {t(`category.${ride.category}`, { defaultValue: ride.category })}
                </span>
              </span>
              <span class="number">
                {ride.state === "completed" ? money(ride.to_pay ?? ride.fare) : ""}
                {ride.cancellation_fee?.amount_minor ? money(ride.cancellation_fee) : ""}
              </span>
            </button>
            {opened === ride.id && <One ride={ride} />}
          </li>
        ))}
      </ul>
      {cursor && (
        <Button wide onClick={() => more(cursor)}>
          {t("ui.more")}
        </Button>
      )}
    </Dialog>
  );
};
