/** The HTTP contract, as `/openapi.json` describes it: to read, and to try on this server. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { Frame, Prose } from "../contract/parts";
import { Field } from "../ui/parts";
import { learnPlaces } from "./asking";
import { type Contract, type Operation, operationsOf } from "./document";
import { OperationCard } from "./operation";
import { SignIn } from "./sign-in";
import "./docs.css";

const anchorOf = (group: string): string => `group-${group.toLowerCase().replace(/[^a-z]+/g, "-")}`;

const wordsOf = ({ method, path, summary, description }: Operation): string =>
  `${method} ${path} ${summary} ${description}`.toLowerCase();

/** What it is, and what holds of all operations. */
const About = ({ text }: { text: string }) => {
  const [lead = "", ...rest] = text.split("\n\n");
  return (
    <>
      <Prose text={lead} />
      <details class="card">
        <summary>What holds everywhere: tokens, keys, lists, errors, units</summary>
        <Prose text={rest.join("\n\n")} />
      </details>
    </>
  );
};

const Read = ({ contract }: { contract: Contract }) => {
  const [sought, setSought] = useState("");
  useEffect(() => {
    // without it the examples are of no place in particular
    learnPlaces().catch(() => undefined);
  }, []);
  const operations = useMemo(() => operationsOf(contract), [contract]);
  const wanted = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const found = operations.filter((each) => wanted.every((word) => wordsOf(each).includes(word)));
  const groups = contract.tags.map((tag) => ({
    ...tag,
    all: operations.filter((each) => each.group === tag.name),
    fitting: found.filter((each) => each.group === tag.name).length,
  }));
  return (
    <div class="contract">
      <nav aria-label="Groups" class="index stack">
        <Field
          label="Find an operation"
          type="search"
          value={sought}
          onInput={(event) => setSought(event.currentTarget.value)}
        />
        <ul class="names groups">
          {groups
            .filter(({ fitting }) => fitting > 0)
            .map(({ name, fitting }) => (
              <li key={name}>
                <a href={`#${anchorOf(name)}`}>{name}</a> <span class="soft small">{fitting}</span>
              </li>
            ))}
        </ul>
        <p role="status" class="unseen">
          {wanted.length ? `${found.length} ${found.length === 1 ? "operation" : "operations"}` : ""}
        </p>
      </nav>
      <div class="stack told">
        {!wanted.length && <About text={contract.info.description} />}
        <SignIn />
        {found.length === 0 && <p class="empty">No operation has all of this in its path or its words.</p>}
        {groups.map(({ name, description, all, fitting }) => (
          <section key={name} class="stack" aria-labelledby={anchorOf(name)} hidden={fitting === 0}>
            <h2 id={anchorOf(name)}>{name}</h2>
            <p class="soft">{description}</p>
            {all.map((each) => (
              <OperationCard
                key={each.id}
                shapes={contract.components.schemas}
                operation={each}
                hidden={!found.includes(each)}
              />
            ))}
          </section>
        ))}
      </div>
    </div>
  );
};

export const App = () => (
  <Frame<Contract>
    title="Hansom's API"
    from="/openapi.json"
    links={
      <>
        <code>{location.origin}</code>
        <a href="/asyncapi">The socket: AsyncAPI</a>
        <a href="/openapi.json">OpenAPI as JSON</a>
      </>
    }
  >
    {(contract) => <Read contract={contract} />}
  </Frame>
);
