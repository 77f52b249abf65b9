/** Signing in and up. What a role needs besides is given by its page. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, newKey } from "../app/http";
import { t } from "../app/i18n";
import { signIn, signUp } from "../app/session";
import { Button, Field, Note, Preferences, useForm } from "./parts";
import "./welcome.css";

interface Props {
  title: string;
  lead: string;
  /** Fields of a registration, beside those that everybody has. */
  more?: (fields: Record<string, string>) => ComponentChildren;
  /** The body of a registration from the form's values. */
  body?: (values: Record<string, string>) => Record<string, unknown>;
  mayRegister?: boolean;
}

const BRAND = "Hansom";

export const Welcome = ({ title, lead, more, body, mayRegister = true }: Props) => {
  const [isNew, setNew] = useState(false);
  const [awaited, wait] = useState<ApiError | null>(null);
  const key = useRef(newKey());
  const about = useRef("");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, []);

  const enter = async (values: Record<string, string>) => {
    if (!isNew) return signIn(values.email ?? "", values.password ?? "", wait);
    const { email, password, name, phone } = values;
    const sent = body?.(values) ?? { email, password, name, phone };
    if (about.current !== JSON.stringify(sent)) {
      about.current = JSON.stringify(sent);
      key.current = newKey();
    }
    await signUp(sent, key.current, wait);
  };
  const form = useForm((values) => enter(values).finally(() => wait(null)));

  return (
    <main class="welcome">
      <div class="welcome-card stack">
        {title !== BRAND && (
          <p class="brand" aria-hidden="true">
            {BRAND}
          </p>
        )}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <p class="soft">{lead}</p>
        <form class="stack" onSubmit={form.submit} noValidate>
          {isNew && (
            <>
              <Field label={t("account.name")} name="name" autoComplete="name" required wrong={form.fields.name} />
              <Field
                label={t("account.phone")}
                name="phone"
                type="tel"
                autoComplete="tel"
                required
                wrong={form.fields.phone}
              />
            </>
          )}
          <Field
            label={t("account.email")}
            name="email"
            type="email"
            autoComplete="username"
            required
            wrong={form.fields.email}
          />
          <Field
            label={t("account.password")}
            name="password"
            type="password"
            autoComplete={isNew ? "new-password" : "current-password"}
            required
            wrong={form.fields.password}
            hint={isNew ? t("account.password_hint") : undefined}
          />
          {isNew && more?.(form.fields)}
          {form.failure && <Note kind="bad">{form.failure}</Note>}
          <p role="status" class={awaited ? "note warn" : "unseen"}>
            {awaited && t(awaited.code === "offline" ? "ui.reconnecting" : "ui.part_away")}
          </p>
          <Button kind="first" type="submit" wide busy={form.busy}>
            {isNew ? t("account.sign_up") : t("account.sign_in")}
          </Button>
        </form>
        {mayRegister && (
          <Button kind="quiet" wide onClick={() => setNew(!isNew)}>
            {isNew ? t("account.have_account") : t("account.no_account")}
          </Button>
        )}
        <details>
          <summary>{t("ui.preferences")}</summary>
          <Preferences />
        </details>
      </div>
    </main>
  );
};
