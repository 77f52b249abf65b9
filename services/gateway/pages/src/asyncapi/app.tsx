/** The socket's messages, as `/asyncapi.json` describes them. */
import { useEffect, useState } from "preact/hooks";
import { Code, Fields, Frame, Marked, Prose } from "../contract/parts";
import { exampleOf } from "../contract/shape";
import { Field } from "../ui/parts";
import { type Contract, dataOf, type Message, messagesOf } from "./document";

const MessageCard = ({ contract, message }: { contract: Contract; message: Message }) => (
  <section class="card stack" id={message.name} aria-labelledby={`${message.name}-name`}>
    <h3 id={`${message.name}-name`}>
      <a href={`#${message.name}`}>
        <code>{message.name}</code>
      </a>
    </h3>
    <p>
      <Marked text={message.summary} />
    </p>
    <Fields shapes={contract.components.schemas} shape={dataOf(contract, message)} />
    <details>
      <summary>Example</summary>
      <Code
        label={`Example of ${message.name}`}
        text={JSON.stringify(
          exampleOf(contract.components.schemas, message.payload, { words: { correlation_id: "c1" } }),
          null,
          2,
        )}
      />
    </details>
  </section>
);

interface PartProps {
  contract: Contract;
  title: string;
  lead: string;
  id: string;
  messages: Message[];
}

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
  const found = sent.length + heard.length;
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
          {wanted ? `${found} ${found === 1 ? "message" : "messages"}` : ""}
        </p>
      </nav>
      <div class="stack told">
        {!wanted && <Prose text={contract.info.description} />}
        {found === 0 && <p class="empty">No message has this in its name.</p>}
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
      </div>
    </div>
  );
};

const LINE = `${location.origin.replace(/^http/, "ws")}/ws`;

export const App = () => (
  <Frame<Contract>
    title="Hansom's socket"
    from="/asyncapi.json"
    links={
      <>
        <code>{LINE}</code>
        <a href="/docs">HTTP: OpenAPI</a>
        <a href="/asyncapi.json">AsyncAPI as JSON</a>
      </>
    }
  >
    {(contract) => <Read contract={contract} />}
  </Frame>
);
