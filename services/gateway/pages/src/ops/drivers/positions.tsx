/** Where a driver is, and which of his positions are not believed. */
import { effect, useSignal } from "@preact/signals";
import type { Map as MapLibre } from "maplibre-gl";
import { useCallback, useEffect } from "preact/hooks";
import { city } from "../../app/city";
import { number } from "../../app/format";
import { get } from "../../app/http";
import { t } from "../../app/i18n";
import { CityMap } from "../../map/city-map";
import { type Library, Scene } from "../../map/scene";
import { Note } from "../../ui/parts";
import { Panel, Table } from "../parts";
import { Awaited } from "../trips/failed";
import { usePolled } from "../trips/polled";
import { meaning, told, toTheSecond, when } from "../trips/words";
import { counted } from "./list";
import type { Place, Positions, WholeDriver } from "./model";

const POLLED_MS = 5000;
const ZOOM = 15;

/** The car, followed: the map moves along when it is about to leave. */
const Here = ({ place, name }: { place: Place; name: string }) => {
  const shown = useSignal(place);
  useEffect(() => {
    shown.value = place;
  }, [place]);
  const ready = useCallback((map: MapLibre, library: Library) => {
    if (!city.value) return;
    const scene = new Scene(map, library, city.value, POLLED_MS);
    const first = shown.peek().point;
    map.jumpTo({ center: [first.lng, first.lat], zoom: ZOOM });
    const moving = effect(() => {
      const { point, bearing_deg } = shown.value;
      scene.cars.set([{ id: "car", ...point, bearing_deg, look: "mine" }]);
      if (!map.getBounds().contains([point.lng, point.lat])) map.jumpTo({ center: [point.lng, point.lat] });
    });
    return () => {
      moving();
      scene.stop();
    };
  }, []);
  if (!city.value) return null;
  return (
    <div class="map-box low">
      <CityMap city={city.value} label={t("ops.drivers.map", { name })} onReady={ready} />
    </div>
  );
};

const Marks = ({ found }: { found: Positions }) => (
  <details>
    <summary>{t("ops.drivers.show_marks", { count: found.total })}</summary>
    <Table
      label={t("ops.drivers.marks_table")}
      head={["at", "reason", "point"].map((name) => t(`ops.drivers.mark.${name}`))}
    >
      {found.last.map((mark) => (
        <tr key={`${mark.at} ${mark.seq}`}>
          <td class="when">{when(mark.at)}</td>
          <td>{meaning("drivers.marks", mark.reason)}</td>
          <td class="number">
            {number(mark.point.lat, 5)}, {number(mark.point.lng, 5)}
          </td>
        </tr>
      ))}
    </Table>
  </details>
);

export const PositionsOf = ({ driver }: { driver: WholeDriver }) => {
  const found = usePolled(
    () => told(get<Positions>(`/v1/ops/drivers/${driver.id}/positions`)),
    driver.online ? POLLED_MS : null,
    [driver.id, driver.online],
  );
  const place = found.value?.position ?? driver.position;
  return (
    <Panel title={t("ops.drivers.where")}>
      <Awaited of={found} />
      {place ? (
        <>
          <Here place={place} name={driver.name} />
          <p class="soft small">{t("ops.drivers.heard_at", { at: toTheSecond(place.at) })}</p>
        </>
      ) : (
        found.value && <p class="soft">{t("ops.drivers.nowhere")}</p>
      )}
      {found.value && (
        <p>
          {found.value.offered
            ? t("ops.drivers.is_offered")
            : t("ops.drivers.not_offered", { why: meaning("drivers.why_not", found.value.why_not ?? "") })}
          {found.value.doubtful_until &&
            ` ${t("ops.drivers.doubtful_until", { at: when(found.value.doubtful_until) })}`}
        </p>
      )}
      {found.value?.total === 0 && <p class="soft small">{t("ops.drivers.all_believed")}</p>}
      {!!found.value?.total && (
        <>
          <Note kind="warn">{t("ops.drivers.not_believed", { counts: counted(found.value.counts) })}</Note>
          <Marks found={found.value} />
        </>
      )}
    </Panel>
  );
};
