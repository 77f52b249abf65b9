/** Surge of a city: what quotes have now, on and off and its cap, and who changed it. */
import { useState } from "preact/hooks";
import { city } from "../../app/city";
import { number } from "../../app/format";
import { get, type Page, put } from "../../app/http";
import { t } from "../../app/i18n";
import { Button, Dialog, Field, Loading, Note, toast, useForm, words } from "../../ui/parts";
import { useEvery } from "../live/every";
import { Confirm, Empty, Pager, Panel, Table, Tag, usePages } from "../parts";
import { when } from "../trips/words";
import { who } from "./who";

interface Setting {
  enabled: boolean;
  cap: number;
}

interface Segment {
  multiplier: number;
  code: string;
  waiting: number;
  requests: number;
  unmet: number;
  free: number;
}

interface CitySurge extends Setting {
  default_enabled: boolean;
  default_cap: number;
  changed_at: string | null;
  changed_by: string | null;
  live: { known: boolean; at: string | null; items: Record<string, Segment> };
}

interface Change {
  id: string;
  changed_at: string;
  changed_by: string;
  old: Setting;
  new: Setting;
  note: string | null;
}

const EVERY_MS = 5000;
const times = (multiplier: number) => `${number(multiplier, 1)}×`;
const said = ({ enabled, cap }: Setting) =>
  enabled ? t("ops.desk.surge.on_up_to", { cap: times(cap) }) : t("ops.desk.surge.is_off");

const Cap = ({
  now,
  onSet,
  onClose,
}: {
  now: CitySurge;
  onSet: (cap: number, note: string) => Promise<void>;
  onClose: () => void;
}) => {
  const form = useForm(async ({ cap, note }) => {
    await onSet(Number(String(cap).replace(",", ".")), note ?? "");
    onClose();
  });
  return (
    <Dialog title={t("ops.desk.surge.set_cap")} onClose={onClose}>
      <form class="stack" onSubmit={form.submit} noValidate>
        <Field
          label={t("ops.desk.surge.cap")}
          name="cap"
          type="number"
          inputMode="decimal"
          min={1}
          step={0.1}
          value={now.cap}
          required
          wrong={form.fields.cap}
          hint={t("ops.desk.surge.cap_hint", { cap: times(now.default_cap) })}
        />
        <Field label={t("ops.desk.note")} name="note" maxLength={500} wrong={form.fields.note} dir="auto" />
        {form.failure && <Note kind="bad">{form.failure}</Note>}
        <Button kind="first" type="submit" wide busy={form.busy}>
          {t("ops.desk.save")}
        </Button>
      </form>
    </Dialog>
  );
};

const Segments = ({ items }: { items: [string, Segment][] }) => (
  <Table
    label={t("ops.desk.surge.segments")}
    head={["segment", "multiplier", "why", "requests", "waiting", "unmet", "free"].map((name) =>
      t(`ops.desk.surge.head.${name}`),
    )}
  >
    {items.map(([segment, { multiplier, code, requests, waiting, unmet, free }]) => (
      <tr key={segment}>
        <td>
          <code>{segment}</code>
        </td>
        <td class="number">{times(multiplier)}</td>
        <td>{t(`ops.desk.surge.code.${code}`, { defaultValue: code })}</td>
        <td class="number">{number(requests)}</td>
        <td class="number">{number(waiting)}</td>
        <td class="number">{number(unmet)}</td>
        <td class="number">{number(free)}</td>
      </tr>
    ))}
  </Table>
);

const Changes = ({ version }: { version: string | null }) => {
  const id = city.value?.id ?? "";
  const pages = usePages<Change>(
    (cursor) => get<Page<Change>>("/v1/ops/surge/changes", { city: id, cursor }),
    [id, version],
  );
  return (
    <Panel title={t("ops.desk.surge.changes")}>
      {!!pages.items?.length && (
        <Table
          label={t("ops.desk.surge.changes")}
          head={["when", "who", "before", "after", "note"].map((name) => t(`ops.desk.surge.change.${name}`))}
        >
          {pages.items.map((change) => (
            <tr key={change.id}>
              <td class="when">{when(change.changed_at)}</td>
              <td>{who(change.changed_by)}</td>
              <td>{said(change.old)}</td>
              <td>{said(change.new)}</td>
              <td dir="auto">{change.note}</td>
            </tr>
          ))}
        </Table>
      )}
      <Pager of={pages} empty={t("ops.desk.surge.no_changes")} />
    </Panel>
  );
};

export const SurgeView = () => {
  const id = city.value?.id ?? "";
  const found = useEvery<CitySurge>(EVERY_MS, (signal) => get("/v1/ops/surge", { city: id }, signal), [id]);
  const [asking, ask] = useState<"switch" | "cap" | null>(null);
  const set = async (change: Partial<Setting> & { note?: string | null }) => {
    await put("/v1/ops/surge", { city: id, ...change, note: change.note || null });
    toast(t("ops.desk.surge.done"));
    await found.again();
  };
  const now = found.value;
  const raised = Object.entries(now?.live.items ?? {}).sort((one, other) => other[1].multiplier - one[1].multiplier);
  const turned = now?.enabled ? "off" : "on";
  return (
    <div class="view">
      <h1>{t("ops.frame.sections.surge")}</h1>
      {found.failure !== null && <Note kind="bad">{words(found.failure)}</Note>}
      {!now && found.failure === null && <Loading />}
      {now && (
        <Panel title={t("ops.desk.surge.now")} aside={<Tag tone={now.enabled ? "good" : "warn"}>{said(now)}</Tag>}>
          <p class="soft">
            {t("ops.desk.surge.about")}{" "}
            {now.changed_at && now.changed_by
              ? t("ops.desk.surge.changed", { when: when(now.changed_at), who: who(now.changed_by) })
              : t("ops.desk.surge.as_configured")}
          </p>
          <div class="row wrap">
            <Button kind={now.enabled ? "bad" : "first"} onClick={() => ask("switch")}>
              {t(`ops.desk.surge.turn_${turned}`)}
            </Button>
            <Button onClick={() => ask("cap")}>{t("ops.desk.surge.set_cap")}</Button>
          </div>
          {!now.live.known && <Note kind="warn">{t("ops.desk.surge.unknown")}</Note>}
          {raised.length > 0 ? <Segments items={raised} /> : <Empty>{t("ops.desk.surge.none")}</Empty>}
        </Panel>
      )}
      {now && <Changes version={now.changed_at} />}
      {now && asking === "switch" && (
        <Confirm
          title={t(`ops.desk.surge.turn_${turned}`)}
          text={t(`ops.desk.surge.turn_${turned}_what`)}
          act={t(`ops.desk.surge.turn_${turned}`)}
          bad={now.enabled}
          reason
          onAct={(note) => set({ enabled: !now.enabled, note })}
          onClose={() => ask(null)}
        />
      )}
      {now && asking === "cap" && <Cap now={now} onSet={(cap, note) => set({ cap, note })} onClose={() => ask(null)} />}
    </div>
  );
};
