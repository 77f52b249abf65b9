/** As whom requests are tried. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../app/http";
import { Button, Field, Note } from "../ui/parts";
import { bring, caller, signIn, signOut } from "./caller";

const toldOf = (reason: unknown): string => {
  if (!(reason instanceof ApiError) || !reason.message) return "The server cannot be reached.";
  const fields = Object.entries(reason.fields).map(([name, message]) => `${name}: ${message}`);
  return [reason.message, ...fields].join(" ");
};

interface FormProps {
  label: string;
  button: string;
  names: [name: string, label: string, type: string, autocomplete: string][];
  send: (values: Record<string, string>) => Promise<void>;
}

const Form = ({ label, button, names, send }: FormProps) => {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const go = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setWrong("");
    try {
      await send(Object.fromEntries([...form].map(([name, value]) => [name, String(value).trim()])));
    } catch (reason) {
      setWrong(toldOf(reason));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="stack" onSubmit={go} aria-label={label}>
      {names.map(([name, text, type, autocomplete]) => (
        <Field key={name} name={name} label={text} type={type} autocomplete={autocomplete as "off"} required />
      ))}
      {wrong && <Note kind="bad">{wrong}</Note>}
      <Button type="submit" busy={busy}>
        {button}
      </Button>
    </form>
  );
};

export const SignIn = () => {
  const now = caller.value;
  const place = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const open = () => {
      if (location.hash === "#sign-in" && place.current) place.current.open = true;
    };
    open();
    addEventListener("hashchange", open);
    return () => removeEventListener("hashchange", open);
  }, []);
  return (
    <details ref={place} class="card" id="sign-in">
      <summary>
        {now ? `Requests go out as ${now.name} (${now.role})` : "Requests go out without a token: sign in"}
      </summary>
      {now ? (
        <div class="row wrap">
          <Button onClick={() => signOut().catch(() => undefined)}>Sign out</Button>
          <span class="soft small">The token is in this page's memory only.</span>
        </div>
      ) : (
        <div class="sign-in">
          <Form
            label="Sign in"
            button="Sign in"
            names={[
              ["email", "E-mail", "email", "username"],
              ["password", "Password", "password", "current-password"],
            ]}
            send={({ email = "", password = "" }) => signIn(email, password)}
          />
          <Form
            label="Bring a token"
            button="Use it"
            names={[["token", "Or an access token", "text", "off"]]}
            send={({ token = "" }) => bring(token)}
          />
          <p class="soft small">
            No account yet? Try <a href="#post_v1_riders">POST /v1/riders</a> or{" "}
            <a href="#post_v1_drivers">POST /v1/drivers</a>, and go on as who you made.
          </p>
        </div>
      )}
    </details>
  );
};
