/** One operation: a line that opens, and what there is to know of it. */
import { type Signal, signal } from "@preact/signals";
import { Fragment } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Code, FieldRow, Fields, Marked, Prose } from "../contract/parts";
import { exampleOf, resolved, type Shapes } from "../contract/shape";
import { type Answer, type Operation, typesOf } from "./document";
import { Try } from "./try";

/** The operation that the address names. */
const named: Signal<string> = signal(location.hash.slice(1));
addEventListener("hashchange", () => {
  named.value = location.hash.slice(1);
});

const KINDS: Record<string, string> = { GET: "", DELETE: "bad" };

interface PartProps {
  shapes: Shapes;
  operation: Operation;
}

const Wanted = ({ shapes, operation: { parameters, body } }: PartProps) => (
  <>
    {parameters.length > 0 && (
      <>
        <h4>Parameters</h4>
        <ul class="fields">
          {parameters.map(({ in: place, name, schema, required, description }) => (
            <FieldRow
              key={`${place}${name}`}
              shapes={shapes}
              name={name}
              shape={schema}
              place={place}
              required={Boolean(required)}
              description={description}
            />
          ))}
        </ul>
      </>
    )}
    {body && (
      <>
        <h4>Body</h4>
        <Fields shapes={shapes} shape={resolved(shapes, body)} />
      </>
    )}
  </>
);

const Success = ({ shapes, status, answer }: { shapes: Shapes; status: string; answer: Answer }) => {
  const types = typesOf(answer);
  const shape = answer.content?.["application/json"]?.schema;
  return (
    <>
      <h4 class="row wrap">
        Answer <span class="badge">{status}</span>
        {types.join() !== "application/json" && (
          <span class="soft small">{types.length ? types.join(", ") : "nothing in it"}</span>
        )}
      </h4>
      {shape && (
        <>
          <Fields shapes={shapes} shape={resolved(shapes, shape)} />
          <details>
            <summary>Example</summary>
            <Code label="Example of the answer" text={JSON.stringify(exampleOf(shapes, shape), null, 2)} />
          </details>
        </>
      )}
    </>
  );
};

const Refusals = ({ shapes, answers }: { shapes: Shapes; answers: Operation["refusals"] }) => (
  <>
    <h4>Or</h4>
    <dl class="refusals">
      {answers.map(([status, answer]) => (
        <div key={status}>
          <dt>
            <span class="badge bad">{status}</span>
          </dt>
          <dd>
            <Marked text={answer.description} />
          </dd>
        </div>
      ))}
    </dl>
    {shapes.Error && (
      <details>
        <summary>How errors are told</summary>
        <Fields shapes={shapes} shape={shapes.Error} />
      </details>
    )}
  </>
);

/** Begun when it is opened, so that it begins with the ids that are known by then. */
const Trying = ({ shapes, operation }: PartProps) => {
  const [begun, begin] = useState(false);
  return (
    <details class="trying" onToggle={(event) => event.currentTarget.open && begin(true)}>
      <summary>Try it</summary>
      {begun && <Try shapes={shapes} operation={operation} />}
    </details>
  );
};

export const OperationCard = ({ shapes, operation, hidden }: PartProps & { hidden: boolean }) => {
  const [open, setOpen] = useState(named.value === operation.id);
  const [seen, setSeen] = useState(open);
  const place = useRef<HTMLDetailsElement>(null);
  const isNamed = named.value === operation.id;
  useEffect(() => {
    if (!isNamed) return;
    setOpen(true);
    setSeen(true);
    // what stands above may not have its height yet
    requestAnimationFrame(() => place.current?.scrollIntoView());
  }, [isNamed]);
  const turn = (opened: boolean) => {
    setOpen(opened);
    if (!opened) return;
    setSeen(true);
    if (location.hash !== `#${operation.id}`) history.replaceState(null, "", `#${operation.id}`);
  };
  return (
    <details
      ref={place}
      id={operation.id}
      class="card operation"
      hidden={hidden}
      open={open}
      onToggle={(event) => event.target === event.currentTarget && turn(event.currentTarget.open)}
    >
      <summary>
        <h3>
          <span class={`badge method ${KINDS[operation.method] ?? "warn"}`}>{operation.method}</span>{" "}
          <code>
            {operation.path.split(/(?=\/)/).map((step, index) => (
              <Fragment key={`${index}${step}`}>
                {index > 0 && <wbr />}
                {step}
              </Fragment>
            ))}
          </code>
        </h3>
        <span class="soft">{operation.summary}</span>
      </summary>
      {seen && (
        <div class="stack">
          {operation.description && <Prose text={operation.description} />}
          <Wanted shapes={shapes} operation={operation} />
          <Trying shapes={shapes} operation={operation} />
          <Success shapes={shapes} status={operation.status} answer={operation.answer} />
          <Refusals shapes={shapes} answers={operation.refusals} />
        </div>
      )}
    </details>
  );
};
