/** The parts that the console's views are made of. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Page } from "../app/http";
import { t } from "../app/i18n";
import { line, onLive } from "../app/socket";
import { Button, Dialog, Field, Loading, Note, useForm, words } from "../ui/parts";

/** A titled block of a view; `aside` stands at the end of its title's line. */
export const Panel = ({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}) => {
  const id = useId();
  return (
    <section class="panel stack" aria-labelledby={id}>
      <div class="row between wrap">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
};

/** A table in a scroller of its own; `head` are its columns' titles, `children` its rows. */
export const Table = ({
  label,
  head,
  children,
}: {
  label: string;
  head: readonly string[];
  children: ComponentChildren;
}) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
  <div class="table" role="region" aria-label={t("ops.frame.table", { label })} tabIndex={0}>
    <table>
      <thead>
        <tr>
          {head.map((title) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);

export type Tone = "good" | "warn" | "bad" | "plain";

/** A state, in a word. */
export const Tag = ({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }) => (
  <span class={`badge ${tone}`}>{children}</span>
);

export const Empty = ({ children }: { children: ComponentChildren }) => <p class="empty">{children}</p>;

export interface Paged<T> {
  items: T[] | null;
  failure: unknown;
  more: (() => Promise<void>) | null;
  again: () => Promise<void>;
}

/** A list that is fetched page by page: from the beginning when `on` changes or the line is back, further by `more`. */
export const usePages = <T,>(fetch: (cursor: string | null) => Promise<Page<T>>, on: unknown[]): Paged<T> => {
  const [items, setItems] = useState<T[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const turn = useRef(0);
  const read = async (cursor: string | null) => {
    turn.current += 1;
    const mine = turn.current;
    try {
      const page = await fetch(cursor);
      if (mine !== turn.current) return;
      setItems((before) => (cursor && before ? [...before, ...page.items] : page.items));
      setNext(page.next_cursor);
      setFailure(null);
    } catch (reason) {
      if (mine === turn.current) setFailure(reason);
    }
  };
  useEffect(() => {
    setItems(null);
    // what waits for the line runs at once when it is live
    if (line.peek() !== "live") void read(null);
    return onLive(() => void read(null));
  }, on);
  return { items, failure, more: next ? () => read(next) : null, again: () => read(null) };
};

/** What stands for a list that is not there, and the button for more of it. */
export const Pager = ({ of, empty }: { of: Paged<unknown>; empty: string }) => (
  <>
    {of.failure !== null && (
      <Note kind="bad">
        {words(of.failure)} <Button onClick={of.again}>{t("ui.again")}</Button>
      </Note>
    )}
    {of.items === null && of.failure === null && <Loading />}
    {of.items?.length === 0 && <Empty>{empty}</Empty>}
    {of.more && <Button onClick={of.more}>{t("ui.more")}</Button>}
  </>
);

interface ConfirmProps {
  title: string;
  /** What will happen. */
  text: string;
  /** The word on the button. */
  act: string;
  bad?: boolean;
  /** Whether a reason must be given: it is kept with what was done. */
  reason?: boolean;
  onAct: (reason: string) => Promise<void>;
  onClose: () => void;
}

/** Asks before something is done, and for the reason where one is kept. */
export const Confirm = ({ title, text, act, bad, reason, onAct, onClose }: ConfirmProps) => {
  const form = useForm(async (values) => {
    await onAct(values.reason ?? "");
    onClose();
  });
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <form class="stack" onSubmit={form.submit} noValidate>
        {reason && <Field label={t("ops.frame.reason")} name="reason" required wrong={form.fields.reason} />}
        {form.failure && <Note kind="bad">{form.failure}</Note>}
        <Button kind={bad ? "bad" : "first"} type="submit" wide busy={form.busy}>
          {act}
        </Button>
      </form>
    </Dialog>
  );
};
