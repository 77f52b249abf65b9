/** A small chart of minutes: lines or bars, with the figures of the minute under the pointer or of the last one. */
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { clock } from "../../app/format";
import { language, t } from "../../app/i18n";
import { shade } from "../../app/prefs";

export interface Line {
  name: string;
  /** A token of the style, such as `--accent`. */
  colour: string;
  values: (number | null)[];
}

interface Props {
  /** Unix times in seconds, of the beginning of each minute. */
  at: number[];
  lines: Line[];
  zone: string;
  bars?: boolean;
  /** The figures in words, and short at the edge of the chart. */
  figure: (value: number) => string;
  short: (value: number) => string;
}

const HIGH = 76;
const FONT = "11px system-ui, sans-serif";

const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const axes = (zone: string, short: (value: number) => string): uPlot.Axis[] => {
  const quiet = { stroke: token("--text-soft"), font: FONT, ticks: { show: false } };
  return [
    {
      ...quiet,
      size: 20,
      gap: 2,
      space: 64,
      grid: { show: false },
      values: (_, times) => times.map((time) => clock(new Date(time * 1000), zone)),
    },
    {
      ...quiet,
      size: 44,
      gap: 4,
      space: 26,
      grid: { stroke: token("--border"), width: 1 },
      values: (_, values) => values.map(short),
    },
  ];
};

/** Where a value has none on either side, so that no line shows it. */
const alone = (values: ArrayLike<number | null | undefined> | undefined): number[] =>
  Array.from(values ?? []).flatMap((value, n) =>
    typeof value === "number" && values?.[n - 1] == null && values?.[n + 1] == null ? [n] : [],
  );

const series = ({ name, colour }: Line, bars: boolean): uPlot.Series => ({
  label: name,
  stroke: token(colour),
  width: bars ? 0 : 1.8,
  points: { show: !bars, size: 4, fill: token(colour), filter: (self, index) => alone(self.data[index]) },
  ...(bars ? { fill: token(colour), paths: uPlot.paths.bars?.({ size: [0.8, 12] }) as uPlot.Series.PathBuilder } : {}),
});

export const Chart = ({ at, lines, zone, bars = false, figure, short }: Props) => {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const data = [at, ...lines.map((line) => line.values)] as uPlot.AlignedData;
  const painted = `${shade.value} ${language.value} ${zone} ${lines.length}`;

  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const made = new uPlot(
      {
        width: box.clientWidth,
        height: HIGH,
        legend: { show: false },
        padding: [6, 14, 0, 0],
        cursor: { y: false, drag: { x: false, y: false }, sync: { key: "figures" }, points: { size: 6 } },
        tzDate: (time) => uPlot.tzDate(new Date(time * 1000), zone),
        scales: { y: { range: (_, _least, most) => [0, Math.max(1, (most ?? 0) * 1.15)] } },
        axes: axes(zone, short),
        series: [{}, ...lines.map((line) => series(line, bars))],
        hooks: { setCursor: [(self) => setPointed(self.cursor.idx ?? null)] },
      },
      data,
      box,
    );
    chart.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HIGH }));
    resized.observe(box);
    return () => {
      resized.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [painted]);

  useEffect(() => chart.current?.setData(data), [at, ...lines.map((line) => line.values)]);

  const index = pointed !== null && pointed < at.length ? pointed : at.length - 1;
  const time = at[index];
  return (
    <figure class="chart">
      <div ref={place} aria-hidden="true" />
      <figcaption class="small">
        {time === undefined ? (
          <span class="soft">{t("ops.live.figures.nothing_yet")}</span>
        ) : (
          <>
            <span class="soft number">{clock(new Date(time * 1000), zone)}</span>
            {lines.map((line) => (
              <span key={line.name} class="line-key">
                <span class="swatch" style={{ background: `var(${line.colour})` }} aria-hidden="true" />
                {line.name} <b class="number">{shown(line.values[index], figure)}</b>
              </span>
            ))}
          </>
        )}
      </figcaption>
    </figure>
  );
};

const shown = (value: number | null | undefined, figure: (value: number) => string) =>
  value === null || value === undefined ? "–" : figure(value);
