/** Messages that a service gave up: why, and what to do with them. */
import { useState } from "preact/hooks";
import { number } from "../../app/format";
import { get, post } from "../../app/http";
import { t } from "../../app/i18n";
import { useResource } from "../../app/resource";
import { Button, Note, Select, toast, words } from "../../ui/parts";
import { Confirm, Empty, Panel } from "../parts";
import { when } from "../trips/words";
import type { Parked, ParkedMessage } from "./health-model";

const Message = ({ of }: { of: ParkedMessage }) => (
  <li class="parked stack">
    <div class="row between wrap">
      <strong>
        {of.service} ← {of.name}
      </strong>
      <span class="soft small">
        {of.parked_at && when(of.parked_at)}
        {of.tries !== null && ` · ${t("ops.desk.parked.tries", { count: of.tries })}`}
      </span>
    </div>
    <p class="wrong" lang="en">
      {of.error}
    </p>
    <details>
      <summary>{t("ops.desk.parked.message", { key: of.key })}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre class="body" role="region" tabIndex={0} aria-label={t("ops.desk.parked.message", { key: of.key })}>
        {of.body}
      </pre>
    </details>
  </li>
);

interface Props {
  /** Whose messages; empty: of all. */
  service: string;
  onService: (service: string) => void;
  /** How many there are of all, as health says; null while it is not known. */
  parked: number | null;
  onChange: () => Promise<void>;
}

export const ParkedMessages = ({ service, onService, parked, onChange }: Props) => {
  // looked at when there are more or fewer, not by the clock: a look takes them from the queue and gives them back
  const found = useResource<Parked>(
    () => get("/v1/ops/parked", { service: service || null, limit: 50 }),
    [service, parked],
  );
  const [dropping, drop] = useState(false);
  const counts = Object.entries(found.value?.counts ?? {}).filter(([, count]) => count > 0);
  const count = counts.filter(([name]) => !service || name === service).reduce((sum, [, each]) => sum + each, 0);
  const of_whom = service || (counts.length === 1 ? counts[0]?.[0] : undefined);
  const done = async (text: string) => {
    toast(text);
    await Promise.all([found.again(), onChange()]);
  };
  const retry = async () => {
    const { retried } = await post<{ retried: number }>(`/v1/ops/parked/${of_whom}/retry`);
    await done(t("ops.desk.parked.retried", { count: retried }));
  };
  return (
    <Panel title={t("ops.desk.parked.title")}>
      <p class="soft">{t("ops.desk.parked.about")}</p>
      {found.failure !== null && <Note kind="bad">{words(found.failure)}</Note>}
      {(counts.length > 1 || service) && (
        <Select
          label={t("ops.desk.parked.whose")}
          value={service}
          options={[
            ["", t("ops.desk.all")],
            ...[...new Set([service, ...counts.map(([name]) => name)])]
              .filter(Boolean)
              .map((name) => [name, name] as const),
          ]}
          onChange={onService}
        />
      )}
      {count > 0 && of_whom && (
        <div class="row wrap">
          <Button kind="first" onClick={retry}>
            {t("ops.desk.parked.retry", { count, service: of_whom })}
          </Button>
          <Button kind="bad" onClick={() => drop(true)}>
            {t("ops.desk.parked.drop")}…
          </Button>
        </div>
      )}
      {count > 0 && !of_whom && <p>{t("ops.desk.parked.choose")}</p>}
      {found.value && count === 0 && <Empty>{t("ops.desk.parked.none")}</Empty>}
      <ul class="stack">
        {found.value?.items.map((message) => (
          <Message key={`${message.service} ${message.id}`} of={message} />
        ))}
      </ul>
      {found.value && count > found.value.items.length && (
        <p class="soft small">{t("ops.desk.parked.more", { number: number(count - found.value.items.length) })}</p>
      )}
      {dropping && of_whom && (
        <Confirm
          title={t("ops.desk.parked.drop")}
          text={t("ops.desk.parked.drop_what", { count, service: of_whom })}
          act={t("ops.desk.parked.drop")}
          bad
          reason
          onAct={async (reason) => {
            const { dropped } = await post<{ dropped: number }>(`/v1/ops/parked/${of_whom}/drop`, { reason });
            await done(t("ops.desk.parked.dropped", { count: dropped }));
          }}
          onClose={() => drop(false)}
        />
      )}
    </Panel>
  );
};
