/** How everything is, asked every five seconds: services, stores, what waits; and the messages that services gave up. */
import { useState } from "preact/hooks";
import { number } from "../../app/format";
import { get } from "../../app/http";
import { hasText, t } from "../../app/i18n";
import { Loading, Note, words } from "../../ui/parts";
import { useEvery } from "../live/every";
import { Panel, Table, Tag } from "../parts";
import { span, toTheSecond } from "../trips/words";
import type { Health, Service, Store } from "./health-model";
import { ParkedMessages } from "./parked";
import { type Said, Words, whyText } from "./words";

const EVERY_MS = 5000;
const known = (value: number | null): string => (value === null ? "–" : number(value));

const Up = ({ ok, why }: { ok: boolean | null; why: string | null }) => (
  <>
    <Tag tone={ok === null ? "warn" : ok ? "good" : "bad"}>
      {t(`ops.desk.health.${ok === null ? "unknown" : ok ? "up" : "down"}`)}
    </Tag>
    {why && <Words of={whyText(why)} class="soft small health-why" />}
  </>
);

const Services = ({ of, onParked }: { of: Service[]; onParked: (service: string) => void }) => (
  <Table
    label={t("ops.desk.health.services")}
    head={["service", "state", "processes", "waiting", "parked"].map((name) => t(`ops.desk.health.head.${name}`))}
  >
    {of.map((service) => (
      <tr key={service.name}>
        <td>
          <strong>{service.name}</strong>
        </td>
        <td>
          <Up ok={service.ok} why={service.why} />
        </td>
        <td class="number">{known(service.processes)}</td>
        <td class="number">{known(service.ready_messages)}</td>
        <td class="number">
          {service.parked ? (
            <button type="button" class="link" onClick={() => onParked(service.name)}>
              {number(service.parked)}
              <span class="unseen">. {t("ops.desk.health.look_at_parked", { service: service.name })}</span>
            </button>
          ) : (
            known(service.parked)
          )}
        </td>
      </tr>
    ))}
  </Table>
);

const MEGABYTE = 1_000_000;

/** A value with its unit, by the end of its name. */
const withUnit = (name: string, value: unknown): string => {
  if (typeof value !== "number") return String(value);
  if (name.endsWith("_s")) return span(value);
  return name.endsWith("_bytes") ? `${number(value / MEGABYTE, 1)} MB` : number(value, 1);
};

/** A fact of a store; null when there is nothing to say. */
const fact = ([name, value]: [string, unknown]): Said | null => {
  if (value === null || value === false) return null;
  const key = `ops.desk.health.fact.${name}`;
  const told = withUnit(name, value);
  if (hasText(key) || hasText(`${key}_other`)) return { text: t(key, { value: told, count: Number(value) || 0 }) };
  const said = name.replace(/_(s|bytes)$/, "").replaceAll("_", " ");
  return { text: value === true ? said : `${said} ${told}`, lang: "en" };
};

const Stores = ({ of }: { of: Store[] }) => (
  <Table
    label={t("ops.desk.health.stores")}
    head={["store", "state", "answer", "facts"].map((name) => t(`ops.desk.health.head.${name}`))}
  >
    {of.map((store) => (
      <tr key={store.name}>
        <td>
          <strong>{store.name}</strong>
        </td>
        <td>
          <Up ok={store.ok} why={store.why} />
        </td>
        <td class="number">{store.answer_ms === null ? "–" : `${number(store.answer_ms, 1)} ms`}</td>
        <td class="small store-facts">
          {Object.entries(store.facts)
            .map(fact)
            .filter((each) => each !== null)
            .map((each, index) => (
              <Words key={each.text} of={index ? { ...each, text: ` · ${each.text}` } : each} />
            ))}
        </td>
      </tr>
    ))}
  </Table>
);

const Rest = ({ of }: { of: Health }) => (
  <div class="pair">
    <Panel title={t("ops.desk.health.outboxes")}>
      <Table
        label={t("ops.desk.health.outboxes")}
        head={["service", "unsent", "oldest"].map((name) => t(`ops.desk.health.head.${name}`))}
      >
        {of.outboxes.map((outbox) => (
          <tr key={outbox.service}>
            <td>{outbox.service}</td>
            <td class="number">{known(outbox.waiting)}</td>
            <td class="number">{outbox.oldest_s === null ? "–" : span(outbox.oldest_s)}</td>
          </tr>
        ))}
      </Table>
    </Panel>
    <Panel title={t("ops.desk.health.gateways")}>
      <Table
        label={t("ops.desk.health.gateways")}
        head={["gateway", "sockets"].map((name) => t(`ops.desk.health.head.${name}`))}
      >
        {of.gateways.map((gateway) => (
          <tr key={gateway.id}>
            <td>
              <code>{gateway.id}</code>
            </td>
            <td class="number">{number(gateway.sockets)}</td>
          </tr>
        ))}
      </Table>
    </Panel>
  </div>
);

export const HealthView = () => {
  const found = useEvery<Health>(EVERY_MS, (signal) => get("/v1/ops/health", {}, signal), []);
  const [service, choose] = useState("");
  const health = found.value;
  const parked = health ? health.services.reduce((sum, each) => sum + (each.parked ?? 0), 0) : null;
  const down = [...(health?.services ?? []), ...(health?.stores ?? [])].filter((part) => part.ok === false);
  return (
    <div class="view">
      <h1>{t("ops.frame.sections.health")}</h1>
      {found.failure !== null && <Note kind="bad">{words(found.failure)}</Note>}
      {!health && found.failure === null && <Loading />}
      {health && (
        <>
          <div role="status">
            {down.length > 0 ? (
              <Note kind="bad">
                {t("ops.desk.health.some_down", { names: down.map((part) => part.name).join(", ") })}
              </Note>
            ) : (
              <Note>{t("ops.desk.health.all_up")}</Note>
            )}
          </div>
          <p class="soft small">{t("ops.desk.health.as_of", { when: toTheSecond(health.at) })}</p>
          <div class="pair">
            <Panel title={t("ops.desk.health.services")}>
              <Services of={health.services} onParked={choose} />
            </Panel>
            <Panel title={t("ops.desk.health.stores")}>
              <Stores of={health.stores} />
            </Panel>
          </div>
          <Rest of={health} />
        </>
      )}
      <ParkedMessages service={service} onService={choose} parked={parked} onChange={found.again} />
    </div>
  );
};
