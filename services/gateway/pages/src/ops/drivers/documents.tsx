/** A driver's documents: what he sent of each, and an operator's yes or no. */
import { useState } from "preact/hooks";
import { day } from "../../app/format";
import { ApiError, post } from "../../app/http";
import { t } from "../../app/i18n";
import { Button, Note, toast } from "../../ui/parts";
import { Confirm, Empty, Panel, Tag } from "../parts";
import { meaning, tail, told, when } from "../trips/words";
import type { Paper, WholeDriver } from "./model";
import { PAPERS, reasonOf } from "./words";

interface Props {
  driver: WholeDriver;
  onDone: () => Promise<void>;
}

type Verb = "accept" | "reject";

const Known = ({ paper }: { paper: Paper }) => (
  <span class="soft small block">
    {paper.number && (
      <>
        {t("ops.drivers.number")} <bdi>{paper.number}</bdi>
      </>
    )}
    {paper.expires_at && ` · ${t("ops.drivers.valid_until", { day: day(paper.expires_at, "UTC") })}`}
    {paper.submitted_at && ` · ${t("ops.drivers.sent_in", { at: when(paper.submitted_at) })}`}
    {paper.decided_by && (
      <>
        {` · ${t("ops.drivers.decided_by")} `}
        <bdi>{paper.decided_by.name ?? tail(paper.decided_by.id)}</bdi>
      </>
    )}
  </span>
);

const One = ({ paper, onAsk }: { paper: Paper; onAsk: (verb: Verb) => void }) => {
  const name = meaning("drivers.papers", paper.kind);
  return (
    <li class="line stack">
      <div>
        <span class="row wrap">
          <strong>{name}</strong>
          <Tag tone={paper.state === "missing" && paper.required ? "warn" : PAPERS[paper.state]}>
            {meaning("drivers.paper_states", paper.state)}
          </Tag>
          {paper.required && <span class="soft small">{t("ops.drivers.required")}</span>}
        </span>
        <Known paper={paper} />
        {paper.reason && (
          <span class="block" dir="auto">
            {paper.reason}
          </span>
        )}
      </div>
      {paper.state !== "missing" && (
        <div class="row wrap">
          {(paper.state === "submitted" || paper.state === "rejected") && (
            <Button onClick={() => onAsk("accept")}>
              {t("ops.drivers.accept")}…<span class="unseen"> {name}</span>
            </Button>
          )}
          {paper.state !== "rejected" && (
            <Button kind="bad" onClick={() => onAsk("reject")}>
              {t("ops.drivers.reject")}…<span class="unseen"> {name}</span>
            </Button>
          )}
        </div>
      )}
    </li>
  );
};

export const Documents = ({ driver, onDone }: Props) => {
  const [asking, ask] = useState<{ paper: Paper; verb: Verb } | null>(null);
  const [replaced, replace] = useState<string | null>(null);
  const decide = async ({ paper, verb }: { paper: Paper; verb: Verb }, reason: string) => {
    const path = `/v1/ops/drivers/${driver.id}/documents/${paper.kind}/${verb}`;
    const why = verb === "reject" ? { reason: reasonOf(reason) } : {};
    // what was on the screen, which may have been replaced since
    await told(post(path, { submitted_at: paper.submitted_at, ...why }));
    toast(t(`ops.drivers.paper_done.${verb}`));
  };
  const act = async (reason: string) => {
    if (!asking) return;
    try {
      await decide(asking, reason);
      replace(null);
    } catch (refusal) {
      if (!(refusal instanceof ApiError) || refusal.code !== "document_changed") throw refusal;
      replace(meaning("drivers.papers", asking.paper.kind));
    }
    await onDone();
  };
  return (
    <Panel title={t("ops.drivers.documents")}>
      {replaced !== null && (
        <Note kind="bad">
          {replaced}: {t("ops.trips.error.document_changed")}
        </Note>
      )}
      {driver.documents.length === 0 && <Empty>{t("ops.drivers.no_documents")}</Empty>}
      <ul class="list">
        {driver.documents.map((paper) => (
          <One key={paper.kind} paper={paper} onAsk={(verb) => ask({ paper, verb })} />
        ))}
      </ul>
      {asking && (
        <Confirm
          title={t(`ops.drivers.${asking.verb}_of`, { name: meaning("drivers.papers", asking.paper.kind) })}
          text={t(`ops.drivers.paper_what.${asking.verb}`)}
          act={t(`ops.drivers.${asking.verb}`)}
          bad={asking.verb === "reject"}
          reason={asking.verb === "reject"}
          onAct={act}
          onClose={() => ask(null)}
        />
      )}
    </Panel>
  );
};
