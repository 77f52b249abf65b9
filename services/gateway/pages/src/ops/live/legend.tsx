/** What the colours on the map mean, how many there are of each, and which of them are shown. */
import { useId } from "preact/hooks";
import { number } from "../../app/format";
import { t } from "../../app/i18n";
import { shade } from "../../app/prefs";
import { COLOURS } from "../../map/style";
import { Select } from "../../ui/parts";
import { Table } from "../parts";
import { cityState, STATES } from "./city-state";
import { classesOf, colours, type HeatMap, MEASURES, type Measure, measured, spans } from "./heat";
import { shownStates, showState, waitersShown } from "./picked";
import { shortId } from "./words";

interface KeyProps {
  colour?: string;
  text: string;
  count: number | null;
  shown: boolean;
  onShow: (shown: boolean) => void;
}

const Key = ({ colour, text, count, shown, onShow }: KeyProps) => (
  <li>
    <label class="key">
      <input type="checkbox" checked={shown} onChange={(event) => onShow(event.currentTarget.checked)} />
      <span class={colour ? "swatch car" : "swatch rider"} style={{ background: colour }} aria-hidden="true" />
      <span class="grow">{text}</span>
      <span class="number">{count === null ? "–" : number(count)}</span>
    </label>
  </li>
);

export const States = () => {
  const state = cityState.value;
  const counts = new Map<string, number>();
  for (const row of state?.drivers ?? []) counts.set(row[4], (counts.get(row[4]) ?? 0) + 1);
  const title = useId();
  return (
    <section aria-labelledby={title}>
      <h2 id={title} class="unseen">
        {t("ops.live.on_the_map")}
      </h2>
      <ul>
        {STATES.map((name) => (
          <Key
            key={name}
            colour={COLOURS[shade.value].cars[name] ?? ""}
            text={t(`ops.live.state.${name}`)}
            count={state ? (counts.get(name) ?? 0) : null}
            shown={shownStates.value.has(name)}
            onShow={(shown) => showState(name, shown)}
          />
        ))}
        <Key
          text={t("ops.live.waiting")}
          count={state ? state.waiting.length : null}
          shown={waitersShown.value}
          onShow={(shown) => {
            waitersShown.value = shown;
          }}
        />
      </ul>
      {state && state.more > 0 && <p class="soft small">{t("ops.live.more_cars", { count: state.more })}</p>}
    </section>
  );
};

/** A measure's figure as it is written. */
export const figure = (value: number | null, measure: Measure): string => {
  if (value === null) return "–";
  return measure === "surge" ? `×${number(value, 2)}` : number(value, measure === "forecast" ? 1 : 0);
};

const Classes = ({ found, measure }: { found: HeatMap; measure: Measure }) => {
  const ends = classesOf(
    found.features.map((each) => measured(each.properties, measure)),
    measure,
  );
  const paint = colours(ends.length);
  if (!ends.length) return <p class="soft small">{t(`ops.live.heat.nothing.${measure}`)}</p>;
  return (
    <ul class="classes" aria-label={t(`ops.live.heat.measure.${measure}`)}>
      {spans(ends, measure).map(([from, to], n) => (
        <li key={to}>
          <span class="swatch" style={{ background: paint[n] }} aria-hidden="true" />
          <span class="number">
            {from === to ? figure(to, measure) : `${figure(from, measure)}–${figure(to, measure)}`}
          </span>
        </li>
      ))}
    </ul>
  );
};

interface HeatProps {
  found: HeatMap | null;
  measure: Measure | null;
  onMeasure: (measure: Measure | null) => void;
}

/** Which measure of the segments is shown, and its colours in numbers. */
export const Heat = ({ found, measure, onMeasure }: HeatProps) => {
  const unknown = measure && found && found.features.every((each) => measured(each.properties, measure) === null);
  return (
    <section class="stack heat-legend" aria-label={t("ops.live.heat.title")}>
      <Select
        label={t("ops.live.heat.title")}
        value={measure ?? ""}
        options={[
          ["", t("ops.live.heat.none")],
          ...MEASURES.map((name) => [name, t(`ops.live.heat.measure.${name}`)] as const),
        ]}
        onChange={(value) => onMeasure((value || null) as Measure | null)}
      />
      {unknown && found.features.length > 0 && <p class="small">{t("ops.live.heat.unknown")}</p>}
      {measure && found && !unknown && <Classes found={found} measure={measure} />}
    </section>
  );
};

/** The segments in numbers, those with most of the measure first. */
export const SegmentTable = ({ found, measure }: { found: HeatMap; measure: Measure }) => {
  const rows = found.features
    .map((each) => each.properties)
    .sort((one, other) => (measured(other, measure) ?? -1) - (measured(one, measure) ?? -1));
  return (
    <Table
      label={t("ops.live.heat.title")}
      head={[t("ops.live.heat.segment"), ...MEASURES.map((name) => t(`ops.live.heat.measure.${name}`))]}
    >
      {rows.map((each) => (
        <tr key={each.segment}>
          <td class="number">{shortId(each.segment.replace(/f+$/, ""))}</td>
          {MEASURES.map((name) => (
            <td key={name} class="number">
              {figure(measured(each, name), name)}
            </td>
          ))}
        </tr>
      ))}
    </Table>
  );
};
