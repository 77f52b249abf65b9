/** What operations want to see of a driver: each document, how it stands with it, and handing it in. */
import { useState } from "preact/hooks";
import { day, dayAndTime } from "../app/format";
import { get, put } from "../app/http";
import { t } from "../app/i18n";
import type { Paper } from "../app/papers";
import { type Resource, useResource } from "../app/resource";
import { Button, Dialog, Field, Loading, Note, toast, useForm, words } from "../ui/parts";

const SHADES = { missing: "warn", submitted: "", accepted: "", rejected: "bad", expired: "bad" } as const;
/** States in which there is something for the driver to do. */
const OPEN = new Set(["missing", "rejected", "expired"]);

export const usePapers = (): Resource<{ items: Paper[] }> => useResource(() => get("/v1/driver/documents"));

const kindText = (kind: string): string => t(`papers.kind.${kind}`, { defaultValue: kind.replaceAll("_", " ") });

const HandIn = ({ paper, onDone }: { paper: Paper; onDone: () => Promise<void> }) => {
  const form = useForm(async ({ number = "", expires_at }) => {
    await put(`/v1/driver/documents/${paper.kind}`, { number, expires_at: expires_at || null });
    toast(t("papers.sent"));
    await onDone();
  });
  return (
    <form class="stack" onSubmit={form.submit} noValidate>
      <Field label={t("papers.number")} name="number" maxLength={64} required wrong={form.fields.number} />
      <Field label={t("papers.expires_at")} name="expires_at" type="date" wrong={form.fields.expires_at} />
      {form.failure && <Note kind="bad">{form.failure}</Note>}
      <Button type="submit" kind="first" wide busy={form.busy}>
        {t("papers.hand_in")}
      </Button>
    </form>
  );
};

const One = ({ paper, onDone }: { paper: Paper; onDone: () => Promise<void> }) => {
  const [open, setOpen] = useState(false);
  const state = paper.state === "missing" && !paper.required ? "optional" : paper.state;
  return (
    <li class="stack paper">
      <div class="row between wrap">
        <span class="grow">
          <strong>{kindText(paper.kind)}</strong>
          {paper.required && <span class="soft small"> · {t("papers.required")}</span>}
          {paper.number && (
            <span class="soft small block" dir="auto">
              {paper.number}
              {paper.expires_at && ` · ${t("papers.until", { day: day(`${paper.expires_at}T12:00:00Z`, "UTC") })}`}
            </span>
          )}
          {paper.submitted_at && (
            <span class="soft small block">{t("papers.submitted_at", { at: dayAndTime(paper.submitted_at) })}</span>
          )}
        </span>
        <span class={`badge ${state === "optional" ? "plain" : SHADES[state]}`}>{t(`papers.state.${state}`)}</span>
      </div>
      {paper.state === "rejected" && paper.reason && (
        <p class="small" dir="auto">
          {paper.reason}
        </p>
      )}
      {open ? (
        <HandIn paper={paper} onDone={() => onDone().then(() => setOpen(false))} />
      ) : (
        <Button
          label={`${t(OPEN.has(paper.state) ? "papers.hand_in" : "papers.replace")}: ${kindText(paper.kind)}`}
          onClick={() => setOpen(true)}
        >
          {t(OPEN.has(paper.state) ? "papers.hand_in" : "papers.replace")}
        </Button>
      )}
    </li>
  );
};

export const Documents = ({ onClose }: { onClose: () => void }) => {
  const papers = usePapers();
  return (
    <Dialog title={t("driver.documents")} onClose={onClose}>
      {papers.failure !== null && <Note kind="bad">{words(papers.failure)}</Note>}
      {!papers.value && papers.failure === null && <Loading />}
      {papers.value && !papers.value.items.length && <p class="empty">{t("papers.none")}</p>}
      <ul class="list">
        {papers.value?.items.map((paper) => (
          <One key={paper.kind} paper={paper} onDone={papers.again} />
        ))}
      </ul>
    </Dialog>
  );
};

/** Names the documents without which nobody may drive, as long as one is to be handed in. */
export const PapersHint = () => {
  const papers = usePapers();
  const open = papers.value?.items.filter((paper) => paper.required && OPEN.has(paper.state)) ?? [];
  if (!open.length) return null;
  return (
    <Note kind="warn">
      {t("papers.hint", { count: open.length, kinds: open.map((paper) => kindText(paper.kind)).join(", ") })}
    </Note>
  );
};
