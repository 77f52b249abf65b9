/** The form that sends an operation's request to this server, and the answer that came. */
import type { JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { ApiError } from "../app/http";
import { Code } from "../contract/parts";
import { limitsOf, type Shapes } from "../contract/shape";
import { Button, Field, Note, Select } from "../ui/parts";
import { bodyOf, curlOf, draftOf, fieldOf, mistakesIn, type Outcome, remember, requestOf, send } from "./asking";
import { adopt, caller, freshToken, isSession } from "./caller";
import { type Operation, type Parameter, typesOf } from "./document";

interface AreaProps extends Omit<JSX.TextareaHTMLAttributes<HTMLTextAreaElement>, "label"> {
  label: string;
  wrong?: string | undefined;
}

const Area = ({ label, wrong, ...area }: AreaProps) => {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        {...area}
        id={id}
        class="code"
        spellcheck={false}
        aria-invalid={wrong ? "true" : undefined}
        aria-describedby={wrong ? `${id}-more` : undefined}
      />
      {wrong && (
        <span id={`${id}-more`} class="wrong">
          {wrong}
        </span>
      )}
    </div>
  );
};

interface InputProps {
  parameter: Parameter;
  value: string;
  wrong: string | undefined;
  onChange: (value: string) => void;
}

const Input = ({ parameter, value, wrong, onChange }: InputProps) => {
  const { name, in: place, schema } = parameter;
  const label = place === "path" ? name : `${name} (${place})`;
  const choices = schema.type === "boolean" ? ["true", "false"] : schema.enum?.filter((each) => each !== null);
  if (choices) {
    const options = choices.map((each) => [String(each), String(each)] as const);
    return <Select label={label} value={value} options={[["", "–"], ...options]} onChange={onChange} wrong={wrong} />;
  }
  return (
    <Field
      label={label}
      value={value}
      wrong={wrong}
      hint={[parameter.description, limitsOf(schema)].filter(Boolean).join(" ")}
      autocomplete="off"
      spellcheck={false}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
};

const Copy = ({ text }: { text: string }) => {
  const [copied, setCopied] = useState(false);
  if (!navigator.clipboard) return null; // not over a line that others can read
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <Button onClick={copy}>
      <span role="status">{copied ? "Copied" : "Copy as curl"}</span>
    </Button>
  );
};

const save = (file: Blob, name: string) => {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
};

const Came = ({ outcome }: { outcome: Outcome }) => {
  const { status, phrase, tookMs, headers, value, text, file, called } = outcome;
  return (
    <div class="stack">
      <p class="row wrap">
        <strong class={`badge ${status >= 400 ? "bad" : ""}`}>
          {status} {phrase}
        </strong>
        <span class="soft small">{`${Math.round(tookMs)} ms, ${file.size} bytes`}</span>
      </p>
      <dl class="headers small">
        {headers.map(([name, told]) => (
          <div key={name}>
            <dt class="soft">{name}</dt>
            <dd>{told}</dd>
          </div>
        ))}
      </dl>
      {text !== null && file.size > 0 && <Code text={text} label="Body of the answer" />}
      {text === null && file.size > 0 && <Button onClick={() => save(file, called)}>{`Save it (${file.type})`}</Button>}
      {isSession(value) && value.access_token !== caller.value?.token && (
        <Button onClick={() => adopt(value)}>{`Go on as ${value.user.name} (${value.user.role})`}</Button>
      )}
    </div>
  );
};

const Lacking = ({ roles }: { roles: string[] }) => {
  const now = caller.value;
  if (!roles.length || (now && roles.includes(now.role))) return null;
  return (
    <Note kind="warn">
      {`This takes the token of: ${roles.join(", ")}. ${now ? `You are ${now.role}.` : "You have none."} `}
      <a href="#sign-in">Sign in</a>
    </Note>
  );
};

export const Try = ({ shapes, operation }: { shapes: Shapes; operation: Operation }) => {
  const [draft, setDraft] = useState(() => draftOf(shapes, operation));
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const asked = requestOf(operation, draft);
  const curl = curlOf(asked, operation.roles.length > 0);
  const types = typesOf(operation.answer);
  const go = async (event: SubmitEvent) => {
    event.preventDefault();
    const mistakes = mistakesIn(operation, draft);
    setWrong(mistakes);
    if (Object.keys(mistakes).length > 0) {
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    if (busy) return;
    setBusy(true);
    try {
      const came = await send(asked, operation.roles.length > 0 ? await freshToken() : null);
      remember(operation, draft, came);
      setOutcome(came);
    } catch (reason) {
      setOutcome(reason instanceof ApiError && reason.message ? reason.message : "The server cannot be reached.");
    } finally {
      setBusy(false);
    }
  };
  return (
    <form ref={form} class="stack" onSubmit={go} noValidate aria-label={`Try ${operation.method} ${operation.path}`}>
      <Lacking roles={operation.roles} />
      <div class="inputs">
        {operation.parameters.map((each) => (
          <Input
            key={fieldOf(each)}
            parameter={each}
            value={draft.values[fieldOf(each)] ?? ""}
            wrong={wrong[fieldOf(each)]}
            onChange={(value) => setDraft({ ...draft, values: { ...draft.values, [fieldOf(each)]: value } })}
          />
        ))}
        {types.length > 1 && (
          <Select
            label="Answer as"
            value={draft.accept}
            options={types.map((each) => [each, each] as const)}
            onChange={(accept) => setDraft({ ...draft, accept })}
          />
        )}
      </div>
      {operation.body && (
        <Area
          label="Body, as JSON"
          wrong={wrong.body}
          rows={Math.min(16, draft.body.split("\n").length + 1)}
          value={draft.body}
          onInput={(event) => setDraft({ ...draft, body: event.currentTarget.value })}
        />
      )}
      <Code text={curl} label="As a command" />
      <div class="row wrap">
        <Button kind="first" type="submit" busy={busy}>
          Send
        </Button>
        <Copy text={curl} />
        {operation.body && (
          <Button onClick={() => setDraft({ ...draft, body: bodyOf(shapes, operation) })}>The example again</Button>
        )}
      </div>
      <p role="status" class="unseen">
        {outcome && typeof outcome !== "string" ? `${outcome.status} ${outcome.phrase}` : ""}
      </p>
      {typeof outcome === "string" ? <Note kind="bad">{outcome}</Note> : outcome && <Came outcome={outcome} />}
    </form>
  );
};
