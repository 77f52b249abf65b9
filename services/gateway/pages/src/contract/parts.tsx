/** What the two pages about the contract are made of. In English, as the contract is. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "../app/http";
import { type Theme, theme } from "../app/prefs";
import { Note, Select } from "../ui/parts";
import { kindOf, limitsOf, type Shape, type Shapes, titleOf } from "./shape";
import "./contract.css";

/** Text with `code` in it. */
export const Marked = ({ text }: { text: string }) => (
  <>{text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? <code key={`${index}${part}`}>{part}</code> : part))}</>
);

/** The paragraphs and lists of a description. */
export const Prose = ({ text }: { text: string }) => (
  <div class="stack prose">
    {text.split(/\n{2,}/).map((block) =>
      block.startsWith("- ") ? (
        <ul key={block}>
          {block.split(/\n(?=- )/).map((item) => (
            <li key={item}>
              <Marked text={item.slice(2)} />
            </li>
          ))}
        </ul>
      ) : (
        <p key={block}>
          <Marked text={block} />
        </p>
      ),
    )}
  </div>
);

interface RowProps {
  shapes: Shapes;
  name: string;
  shape: Shape;
  required: boolean;
  description?: string | undefined;
  /** Where it goes, if that has to be told. */
  place?: string;
}

/** A field: its name, what it holds, what it is; a named shape opens in its place. */
export const FieldRow = ({ shapes, name, shape, required, description, place }: RowProps) => {
  const [open, setOpen] = useState(false);
  const { words, named, many, nullable } = kindOf(shape);
  const inner = named === null ? undefined : shapes[named];
  const said = [description ?? shape.description, limitsOf(shape)].filter(Boolean).join(" ");
  return (
    <li>
      <div>
        <code>{name}</code>{" "}
        <span class="soft small">{[place, !required && "optional"].filter(Boolean).join(", ")}</span>
      </div>
      <div>
        {many}
        {inner ? (
          <button
            type="button"
            class="unfold"
            aria-expanded={open}
            aria-label={`${titleOf(named ?? "")}, the fields of ${name}`}
            onClick={() => setOpen(!open)}
          >
            {titleOf(named ?? "")}
          </button>
        ) : (
          words || titleOf(named ?? "")
        )}
        {nullable && " or null"}
        {said && (
          <p class="small soft">
            <Marked text={said} />
          </p>
        )}
        {open && inner && <Fields shapes={shapes} shape={inner} />}
      </div>
    </li>
  );
};

export const Fields = ({ shapes, shape }: { shapes: Shapes; shape: Shape }) => {
  const fields = Object.entries(shape.properties ?? {});
  if (!fields.length) return <p class="soft">No fields: an empty object.</p>;
  return (
    <ul class="fields">
      {fields.map(([name, field]) => (
        <FieldRow
          key={name}
          shapes={shapes}
          name={name}
          shape={field}
          required={Boolean(shape.required?.includes(name))}
        />
      ))}
    </ul>
  );
};

/** Text that programs read: JSON, a command. */
export const Code = ({ text, label }: { text: string; label: string }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
  <pre role="group" tabIndex={0} aria-label={label}>
    {text}
  </pre>
);

const THEMES = [
  ["auto", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
] as const;

interface FrameProps<T> {
  title: string;
  /** Where the document lies. */
  from: string;
  /** What stands under the title. */
  links: ComponentChildren;
  children: (contract: T) => ComponentChildren;
}

/** A page about one document: its title, and the rest once it is there. */
export const Frame = <T,>({ title, from, links, children }: FrameProps<T>) => {
  const [contract, setContract] = useState<T | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    get<T>(from).then(setContract, () => setFailed(true));
  }, []);
  return (
    <main class="page">
      <header class="row between wrap">
        <div>
          <h1>{title}</h1>
          <p class="row wrap small">
            {links}
            <a href="/">All pages</a>
          </p>
        </div>
        <Select
          label="Colours"
          value={theme.value}
          options={THEMES}
          onChange={(value) => {
            theme.value = value as Theme;
          }}
        />
      </header>
      {failed && <Note kind="bad">The server cannot be reached. Please load the page again.</Note>}
      {!contract && !failed && <p role="status">One moment…</p>}
      {contract && children(contract)}
    </main>
  );
};
