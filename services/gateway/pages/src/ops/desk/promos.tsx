/** Promo codes: which there are and how often they are used; make one, take one out of use. */
import { useRef, useState } from "preact/hooks";
import { city } from "../../app/city";
import { minor, money, number, percent } from "../../app/format";
import { ApiError, get, type Money, newKey, type Page, post } from "../../app/http";
import { t } from "../../app/i18n";
import { Button, Dialog, Field, Note, Select, toast, useForm } from "../../ui/parts";
import { Confirm, Pager, Panel, Table, Tag, type Tone, usePages } from "../parts";
import { dayBegins, when } from "../trips/words";

interface Promo {
  code: string;
  kind: "fixed" | "percent";
  amount: Money | null;
  percent: number | null;
  cap: Money | null;
  first_ride: boolean;
  valid_from: string;
  valid_until: string | null;
  uses_max: number | null;
  uses_per_rider: number | null;
  uses: number;
  note: string | null;
  disabled_at: string | null;
}

type State = "active" | "early" | "over" | "used_up" | "disabled";
const TONES: Record<State, Tone> = { active: "good", early: "warn", over: "plain", used_up: "plain", disabled: "bad" };

const stateOf = (promo: Promo, now: number): State => {
  if (promo.disabled_at) return "disabled";
  if (promo.valid_until && Date.parse(promo.valid_until) <= now) return "over";
  if (promo.uses_max !== null && promo.uses >= promo.uses_max) return "used_up";
  return Date.parse(promo.valid_from) > now ? "early" : "active";
};

const worth = ({ amount, percent: share, cap }: Promo): string => {
  if (amount) return money(amount);
  const part = percent((share ?? 0) / 100);
  return cap ? t("ops.desk.promos.at_most", { part, cap: money(cap) }) : part;
};

const wrong = (field: string, text: string) => new ApiError(422, "invalid", "", { [field]: [text] });

const amountOf = (field: string, typed: string | undefined): Money | null => {
  const currency = city.value?.currency ?? "EUR";
  if (!typed?.trim()) return null;
  const amount_minor = minor(typed, currency);
  if (amount_minor === null) throw wrong(field, t("ops.desk.promos.no_amount"));
  return { amount_minor, currency };
};

const countOf = (field: string, typed: string | undefined): number | null => {
  if (!typed?.trim()) return null;
  if (!/^\d+$/.test(typed.trim())) throw wrong(field, t("ops.desk.promos.no_count"));
  return Number(typed);
};

const bodyOf = (values: Record<string, string>) => {
  const { code, kind, until, note } = values;
  const zone = city.value?.time_zone;
  // the whole of its last day
  const after = until ? new Date(dayBegins(until, zone).getTime() + 24 * 3_600_000) : null;
  return {
    code: code?.trim() ?? "",
    kind,
    ...(kind === "fixed" ? { amount: amountOf("amount", values.amount) } : {}),
    ...(kind === "percent" ? { percent: countOf("percent", values.percent), cap: amountOf("cap", values.cap) } : {}),
    first_ride: values.first_ride === "on",
    valid_until: after?.toISOString() ?? null,
    uses_max: countOf("uses_max", values.uses_max),
    uses_per_rider: countOf("uses_per_rider", values.uses_per_rider),
    note: note?.trim() || null,
  };
};

const Make = ({ onMade, onClose }: { onMade: () => Promise<void>; onClose: () => void }) => {
  const [kind, setKind] = useState("fixed");
  const key = useRef({ key: newKey(), body: "" });
  const form = useForm(async (values) => {
    const body = bodyOf(values);
    if (key.current.body !== JSON.stringify(body)) key.current = { key: newKey(), body: JSON.stringify(body) };
    const made = await post<Promo>("/v1/ops/promo-codes", body, key.current.key);
    onClose();
    toast(t("ops.desk.promos.made", { code: made.code }));
    await onMade();
  });
  const field = (name: string, more: object = {}) => (
    <Field label={t(`ops.desk.promos.field.${name}`)} name={name} wrong={form.fields[name]} {...more} />
  );
  const amount = { inputMode: "decimal", hint: city.value?.currency };
  return (
    <Dialog title={t("ops.desk.promos.make")} onClose={onClose}>
      <form class="stack" onSubmit={form.submit} noValidate>
        {field("code", { required: true, autoCapitalize: "characters", maxLength: 64, autoComplete: "off" })}
        <input type="hidden" name="kind" value={kind} />
        <Select
          label={t("ops.desk.promos.field.kind")}
          value={kind}
          options={["fixed", "percent"].map((name) => [name, t(`ops.desk.promos.kind.${name}`)] as const)}
          onChange={setKind}
          wrong={form.fields.kind}
        />
        {kind === "fixed" && field("amount", { required: true, ...amount })}
        {kind === "percent" && field("percent", { required: true, inputMode: "numeric", hint: "1–100" })}
        {kind === "percent" && field("cap", amount)}
        {field("until", { type: "date", wrong: form.fields.valid_until })}
        {field("uses_max", { inputMode: "numeric", hint: t("ops.desk.promos.no_limit") })}
        {field("uses_per_rider", { inputMode: "numeric", hint: t("ops.desk.promos.no_limit"), defaultValue: "1" })}
        <label class="row tick">
          <input type="checkbox" name="first_ride" />
          <span>{t("ops.desk.promos.field.first_ride")}</span>
        </label>
        {field("note", { maxLength: 500, dir: "auto" })}
        {form.failure && <Note kind="bad">{form.failure}</Note>}
        <Button kind="first" type="submit" wide busy={form.busy}>
          {t("ops.desk.promos.make")}
        </Button>
      </form>
    </Dialog>
  );
};

const COLUMNS = ["code", "state", "worth", "uses", "until", "note", "act"];

export const PromosView = () => {
  const pages = usePages<Promo>((cursor) => get<Page<Promo>>("/v1/ops/promo-codes", { limit: 50, cursor }), []);
  const [making, make] = useState(false);
  const [ending, end] = useState<Promo | null>(null);
  const now = Date.now();
  return (
    <div class="view">
      <h1>{t("ops.frame.sections.promos")}</h1>
      <Panel
        title={t("ops.desk.promos.list")}
        aside={
          <Button kind="first" onClick={() => make(true)}>
            {t("ops.desk.promos.make")}
          </Button>
        }
      >
        {!!pages.items?.length && (
          <Table label={t("ops.desk.promos.list")} head={COLUMNS.map((name) => t(`ops.desk.promos.head.${name}`))}>
            {pages.items.map((promo) => {
              const state = stateOf(promo, now);
              return (
                <tr key={promo.code}>
                  <td>
                    <strong>{promo.code}</strong>
                  </td>
                  <td>
                    <Tag tone={TONES[state]}>{t(`ops.desk.promos.state.${state}`)}</Tag>
                  </td>
                  <td>
                    {worth(promo)}
                    {promo.first_ride && <span class="soft small block">{t("ops.desk.promos.first_ride")}</span>}
                  </td>
                  <td class="number">
                    {promo.uses_max === null ? number(promo.uses) : `${number(promo.uses)} / ${number(promo.uses_max)}`}
                  </td>
                  <td class="when">{promo.valid_until ? when(promo.valid_until) : "–"}</td>
                  <td dir="auto">{promo.note}</td>
                  <td>
                    {state !== "disabled" && state !== "over" && (
                      <Button kind="quiet" onClick={() => end(promo)}>
                        {t("ops.desk.promos.disable")}
                        <span class="unseen"> {promo.code}</span>
                      </Button>
                    )}
                  </td>
                </tr>
              );
            })}
          </Table>
        )}
        <Pager of={pages} empty={t("ops.desk.promos.none")} />
      </Panel>
      {making && <Make onMade={pages.again} onClose={() => make(false)} />}
      {ending && (
        <Confirm
          title={t("ops.desk.promos.disable_it", { code: ending.code })}
          text={t("ops.desk.promos.disable_what")}
          act={t("ops.desk.promos.disable")}
          bad
          onAct={async () => {
            await post(`/v1/ops/promo-codes/${encodeURIComponent(ending.code)}/disable`);
            toast(t("ops.desk.promos.disabled", { code: ending.code }));
            await pages.again();
          }}
          onClose={() => end(null)}
        />
      )}
    </div>
  );
};
