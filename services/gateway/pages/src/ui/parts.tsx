/** The parts that all pages are made of. */
import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { ApiError } from "../app/http";
import { hasText, LANGUAGES, language, t } from "../app/i18n";
import { chosenLanguage, type Theme, theme } from "../app/prefs";
import { line } from "../app/socket";
import "./style.css";

/** What to tell the user of a failure: in his language where the code is known, else as the server says it. */
export const words = (reason: unknown): string => {
  if (!(reason instanceof ApiError)) return t("error.unexpected");
  const key = `error.${reason.code}`;
  return hasText(key) ? t(key, reason.details) : reason.message || t("error.unexpected");
};

// -- toasts ------------------------------------------------------------------------------------------------------------
interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

const toasts = signal<Toast[]>([]);
let toasted = 0;

/** A line that shows for a few seconds. */
export const toast = (text: string, bad = false) => {
  toasted += 1;
  const id = toasted;
  toasts.value = [...toasts.value.slice(-2), { id, text, bad }];
  setTimeout(
    () => {
      toasts.value = toasts.value.filter((each) => each.id !== id);
    },
    bad ? 8000 : 4500,
  );
};

export const Toasts = () => (
  <div class="toasts" role="status" aria-live="polite">
    {toasts.value.map((each) => (
      <div key={each.id} class={each.bad ? "toast bad" : "toast"}>
        {each.text}
      </div>
    ))}
  </div>
);

// -- buttons -----------------------------------------------------------------------------------------------------------
interface ButtonProps {
  kind?: "first" | "bad" | "quiet";
  wide?: boolean;
  type?: "button" | "submit";
  disabled?: boolean;
  busy?: boolean;
  label?: string;
  /** A promise keeps the button busy; a failure is shown as a toast. */
  onClick?: () => unknown;
  children: ComponentChildren;
}

export const Button = ({ kind, wide, type = "button", disabled, busy, label, onClick, children }: ButtonProps) => {
  const [running, setRunning] = useState(false);
  const there = useRef(true);
  useEffect(
    () => () => {
      there.current = false;
    },
    [],
  );
  const run = async (event: Event) => {
    // not `disabled`, which would take the focus away
    if (running || busy) return event.preventDefault();
    const doing = onClick?.();
    if (!(doing instanceof Promise)) return;
    setRunning(true);
    try {
      await doing;
    } catch (reason) {
      toast(words(reason), true);
    } finally {
      if (there.current) setRunning(false);
    }
  };
  const turning = busy || running;
  return (
    <button
      type={type}
      class={`button ${kind ?? ""} ${wide ? "wide" : ""}`}
      disabled={disabled}
      aria-disabled={turning || undefined}
      aria-busy={turning}
      aria-label={label}
      onClick={run}
    >
      {turning && <span class="turning" aria-hidden="true" />}
      {children}
    </button>
  );
};

// -- fields ------------------------------------------------------------------------------------------------------------
interface FieldProps extends Omit<JSX.InputHTMLAttributes<HTMLInputElement>, "label"> {
  label: string;
  wrong?: string | undefined;
  hint?: string;
}

export const Field = ({ label, wrong, hint, ...input }: FieldProps) => {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...input}
        id={id}
        class="input"
        aria-invalid={wrong ? "true" : undefined}
        aria-describedby={wrong || hint ? `${id}-more` : undefined}
      />
      {(wrong || hint) && (
        <span id={`${id}-more`} class={wrong ? "wrong" : "soft small"}>
          {wrong || hint}
        </span>
      )}
    </div>
  );
};

interface SelectProps {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
  wrong?: string | undefined;
}

export const Select = ({ label, value, options, onChange, wrong }: SelectProps) => {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
      {wrong && <span class="wrong">{wrong}</span>}
    </div>
  );
};

/** What is wrong with a field, in the user's language; the server's own words where there are none. */
const wrongWords = (name: string, message: string, empty: boolean): string => {
  if (empty) return t("wrong.empty");
  const key = `wrong.${name.replace("vehicle.", "")}`;
  return language.value !== "en" && hasText(key) ? t(key) : message;
};

/** A form whose refusals stand at their fields; the rest stands above the button. */
export const useForm = (send: (values: Record<string, string>) => Promise<void>) => {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [empty, setEmpty] = useState<Set<string>>(new Set());
  const told = failure instanceof ApiError ? failure.fields : {};
  const fields = Object.fromEntries(
    Object.entries(told).map(([name, message]) => [name, wrongWords(name, message, empty.has(name))]),
  );
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    if (busy) return;
    setBusy(true);
    setFailure(null);
    const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    setEmpty(new Set(Object.keys(values).flatMap((name) => (values[name]?.trim() ? [] : [name, `vehicle.${name}`]))));
    try {
      await send(values);
    } catch (reason) {
      setFailure(reason);
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
    } finally {
      setBusy(false);
    }
  };
  const shown = failure !== null && Object.keys(fields).length === 0 ? words(failure) : null;
  return { submit, busy, fields, failure: shown };
};

export const Note = ({ kind, children }: { kind?: "bad" | "warn"; children: ComponentChildren }) => (
  <div class={`note ${kind ?? ""}`} role={kind === "bad" ? "alert" : undefined}>
    {children}
  </div>
);

// -- dialogs -----------------------------------------------------------------------------------------------------------
interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

export const Dialog = ({ title, onClose, children }: DialogProps) => {
  const place = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    place.current?.showModal();
    return () => {
      if (before?.isConnected) before.focus();
      else document.querySelector<HTMLElement>(".sheet")?.focus();
    };
  }, []);
  return (
    <dialog ref={place} aria-labelledby={id} onClose={onClose}>
      <div class="stack">
        <div class="row between">
          <h2 id={id} dir="auto">
            {title}
          </h2>
          <Button kind="quiet" label={t("ui.close")} onClick={() => place.current?.close()}>
            <span aria-hidden="true">✕</span>
          </Button>
        </div>
        {children}
      </div>
    </dialog>
  );
};

// -- what every page has -----------------------------------------------------------------------------------------------
/** Tells when what is seen is not live. */
export const LineState = () => {
  const [late, setLate] = useState(false);
  const state = line.value;
  useEffect(() => {
    setLate(false);
    if (state === "live") return;
    const timer = setTimeout(() => setLate(true), 1200);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <div role="status" class={late ? "line-state" : "unseen"}>
      {late ? t("ui.reconnecting") : ""}
    </div>
  );
};

export const Preferences = ({ onLanguage }: { onLanguage?: (language: string) => void }) => (
  <div class="stack">
    <Select
      label={t("ui.language")}
      value={language.value}
      options={Object.entries(LANGUAGES)}
      onChange={(value) => {
        chosenLanguage.value = value;
        onLanguage?.(value);
      }}
    />
    <Select
      label={t("ui.theme")}
      value={theme.value}
      options={(["auto", "light", "dark"] as const).map((name) => [name, t(`ui.themes.${name}`)] as const)}
      onChange={(value) => {
        theme.value = value as Theme;
      }}
    />
  </div>
);

/** Before anything is known: one moment, or why not yet. It is tried again by itself. */
export const Beginning = ({ failure }: { failure: unknown }) =>
  failure ? (
    <main class="empty beginning">
      <h1>{t("ui.unreachable")}</h1>
      <p role="alert">{words(failure)}</p>
      <Loading what={t("ui.trying")} />
    </main>
  ) : (
    <Loading />
  );

/** Stands for a part of the page whose file did not come. */
export const MissingPart = () => (
  <Note kind="bad">
    <div class="stack">
      <p>{t("ui.missing_part")}</p>
      <Button onClick={() => location.reload()}>{t("ui.load_again")}</Button>
    </div>
  </Note>
);

export const Loading = ({ what }: { what?: string }) => (
  <p class="empty" role="status">
    <span class="row centred">
      <span class="turning" aria-hidden="true" />
      {what ?? t("ui.loading")}
    </span>
  </p>
);
