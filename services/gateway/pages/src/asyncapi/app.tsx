/** The socket's messages, as `/asyncapi.json` describes them. */
import { useEffect, useState } from "preact/hooks";
import { get } from "../app/http";
import { type Theme, theme } from "../app/prefs";
import { Field, Note, Select } from "../ui/parts";
import { type Contract, exampleOf, kindOf, limitsOf, type Message, messagesOf, type Shape } from "./document";

/** Text with `code` in it. */
const Marked = ({ text }: { text: string }) => (
  <>{text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? <code key={`${index}${part}`}>{part}</code> : part))}</>
);

/** The paragraphs and lists of a description. */
const Prose = ({ text }: { text: string }) => (
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

const titleOf = (name: string): string => name.replace(/Schema$/, "");

const TypeOf = ({ shape }: { shape: Shape }) => {
  const { words, named, list, nullable } = kindOf(shape);
  return (
    <>
      {list && "list of "}
      {named ? <a href={`#shape-${named}`}>{titleOf(named)}</a> : words}
      {nullable && " or null"}
    </>
  );
};

const Fields = ({ of, shape }: { of: string; shape: Shape }) => {
  const fields = Object.entries(shape.properties ?? {});
  if (!fields.length) return <p class="soft">No fields: an empty object.</p>;
  const said = fields.map(([, field]) => [field.description, limitsOf(field)].filter(Boolean).join(" "));
  const told = said.some(Boolean);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <div class="fields" role="region" aria-label={`Fields of ${of}`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Type</th>
            {told && <th scope="col">What it is</th>}
          </tr>
        </thead>
        <tbody>
          {fields.map(([name, field], index) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
                {!shape.required?.includes(name) && <span class="soft small"> optional</span>}
              </th>
              <td>
                <TypeOf shape={field} />
              </td>
              {told && <td>{said[index]}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

const MessageCard = ({ contract, message }: { contract: Contract; message: Message }) => {
  const reference = message.payload.properties?.data?.$ref;
  const data = reference && contract.components.schemas[reference.slice(reference.lastIndexOf("/") + 1)];
  return (
    <section class="message stack" id={message.name} aria-labelledby={`${message.name}-name`}>
      <h3 id={`${message.name}-name`}>
        <a href={`#${message.name}`}>
          <code>{message.name}</code>
        </a>
      </h3>
      <p>
        <Marked text={message.summary} />
      </p>
      <Fields of={message.name} shape={data || message.payload} />
      <details>
        <summary>Example</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
        <pre tabIndex={0}>{JSON.stringify(exampleOf(contract, message.payload), null, 2)}</pre>
      </details>
    </section>
  );
};

const Part = ({ contract, title, lead, id, messages }: PartProps) =>
  messages.length > 0 ? (
    <section class="stack" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p class="soft">{lead}</p>
      {messages.map((message) => (
        <MessageCard key={message.name} contract={contract} message={message} />
      ))}
    </section>
  ) : null;

interface PartProps {
  contract: Contract;
  title: string;
  lead: string;
  id: string;
  messages: Message[];
}

const Shapes = ({ schemas }: { schemas: [string, Shape][] }) =>
  schemas.length > 0 ? (
    <section class="stack" aria-labelledby="shapes">
      <h2 id="shapes">Shapes</h2>
      <p class="soft">What messages have in common.</p>
      {schemas.map(([name, shape]) => (
        <section key={name} class="message stack" id={`shape-${name}`} aria-labelledby={`shape-${name}-name`}>
          <h3 id={`shape-${name}-name`}>{titleOf(name)}</h3>
          <Fields of={titleOf(name)} shape={shape} />
        </section>
      ))}
    </section>
  ) : null;

/** The shapes that a message or another shape names in a field; those that are one message's whole data stand there. */
const sharedShapes = (contract: Contract): [string, Shape][] => {
  const named = new Set<string>();
  for (const shape of Object.values(contract.components.schemas))
    for (const field of Object.values(shape.properties ?? {})) named.add(kindOf(field).named ?? "");
  return Object.entries(contract.components.schemas).filter(([name]) => named.has(name));
};

const Index = ({ title, names }: { title: string; names: string[] }) => (
  <>
    <p class="soft small">{title}</p>
    <ul>
      {names.map((name) => (
        <li key={name}>
          <a href={`#${name}`}>{name}</a>
        </li>
      ))}
    </ul>
  </>
);

const Read = ({ contract }: { contract: Contract }) => {
  const [sought, setSought] = useState("");
  const wanted = sought.trim().toLowerCase();
  const fits = ({ name, summary }: Message) => `${name} ${summary}`.toLowerCase().includes(wanted);
  const sent = messagesOf(contract, "receive").filter(fits);
  const heard = messagesOf(contract, "send").filter(fits);
  const shapes = sharedShapes(contract).filter(([name]) => name.toLowerCase().includes(wanted));
  useEffect(() => {
    // the address may name a message, which was not there when the browser looked for it
    if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  }, []);
  return (
    <div class="contract">
      <nav aria-label="Messages" class="index stack">
        <Field label="Find a message" type="search" value={sought} onInput={(e) => setSought(e.currentTarget.value)} />
        <div class="names">
          <Index title="You send" names={sent.map(({ name }) => name)} />
          <Index title="You hear" names={heard.map(({ name }) => name)} />
        </div>
        <p role="status" class="unseen">
          {wanted ? `${sent.length + heard.length} messages` : ""}
        </p>
      </nav>
      <div class="stack messages">
        {!wanted && <Prose text={contract.info.description} />}
        {sent.length + heard.length + shapes.length === 0 && <p class="empty">No message has this in its name.</p>}
        <Part
          contract={contract}
          id="sent"
          title="You send"
          lead="Frames of {method, data, correlation_id?}; the answer is a result with the same correlation_id."
          messages={sent}
        />
        <Part
          contract={contract}
          id="heard"
          title="You hear"
          lead="Frames of {type, event, data}, and with seq if they are numbered."
          messages={heard}
        />
        <Shapes schemas={shapes} />
      </div>
    </div>
  );
};

const THEMES = [
  ["auto", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
] as const;

export const App = () => {
  const [contract, setContract] = useState<Contract | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    get<Contract>("/asyncapi.json").then(setContract, () => setFailed(true));
  }, []);
  return (
    <main class="page">
      <header class="row between wrap">
        <div>
          <h1>{contract?.info.title ?? "Hansom's socket"}</h1>
          <p class="row wrap small">
            <code>{`${location.origin.replace(/^http/, "ws")}${contract?.channels.socket?.address ?? "/ws"}`}</code>
            <a href="/docs">HTTP: OpenAPI</a>
            <a href="/asyncapi.json">AsyncAPI as JSON</a>
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
      {contract && <Read contract={contract} />}
    </main>
  );
};
