/** The console of operations: who is signed in, which city, and the part of it that is open. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { chooseCity, cities, city, useCity } from "../app/city";
import { t } from "../app/i18n";
import { change, me, signOut } from "../app/session";
import { Button, Dialog, LineState, Loading, MissingPart, Preferences, Select, Toasts, words } from "../ui/parts";
import { Welcome } from "../ui/welcome";
import { href, route } from "./route";
import { SECTIONS, type ViewProps } from "./sections";
import "./ops.css";

const nameOf = (path: string) => t(`ops.frame.sections.${path || "live"}`);

const Menu = ({ onOpened }: { onOpened?: () => void }) => (
  <nav aria-label={t("ops.frame.sections_label")}>
    <ul class="sections">
      {SECTIONS.map(({ path }) => (
        <li key={path}>
          <a href={href(path)} aria-current={route.value.section === path ? "page" : undefined} onClick={onOpened}>
            {nameOf(path)}
          </a>
        </li>
      ))}
    </ul>
  </nav>
);

const CityChoice = () =>
  cities.value.length > 1 ? (
    <Select
      label={t("ops.frame.city")}
      value={city.value?.id ?? ""}
      options={cities.value.map((each) => [each.id, each.name] as const)}
      onChange={chooseCity}
    />
  ) : null;

const Account = () => (
  <div class="stack">
    <CityChoice />
    <Preferences onLanguage={(language) => void change({ language }).catch(() => undefined)} />
    <Button wide kind="quiet" onClick={signOut}>
      {t("account.sign_out")}
    </Button>
  </div>
);

const Opened = () => {
  const { section, id } = route.value;
  const [opened, open] = useState<{ section: string; View: ComponentType<ViewProps> } | null>(null);
  const [missing, setMissing] = useState(false);
  const found = SECTIONS.find(({ path }) => path === section);
  useEffect(() => {
    let left = false;
    setMissing(false);
    document.title = `${found ? nameOf(section) : t("ops.frame.unknown")} · Hansom`;
    found?.view().then(
      (View) => !left && open({ section, View }),
      () => !left && setMissing(true),
    );
    return () => {
      left = true;
    };
  }, [section]);
  if (!found) return <p class="empty">{t("ops.frame.unknown")}</p>;
  if (missing)
    return (
      <div class="view">
        <h1>{nameOf(section)}</h1>
        <MissingPart />
      </div>
    );
  // until the part of this address is there, the one before must not be given its id
  if (opened?.section !== section) return <Loading />;
  return <opened.View key={`${city.value?.id}/${id ?? ""}`} id={id} />;
};

const Console = () => {
  const [menu, setMenu] = useState(false);
  if (!city.value) return <Loading />;
  return (
    <div class="console">
      <button type="button" class="button skip" onClick={() => document.getElementById("work")?.focus()}>
        {t("ops.frame.skip")}
      </button>
      <header class="side">
        <p class="brand">Hansom</p>
        <div class="only-desk stack">
          <Menu />
          <p class="soft small" dir="auto">
            {me.value?.name}
          </p>
          <details>
            <summary>{t("ops.frame.settings")}</summary>
            <Account />
          </details>
        </div>
        <div class="only-phone">
          <Button label={t("menu.open")} onClick={() => setMenu(true)}>
            <span aria-hidden="true">☰</span>
          </Button>
        </div>
      </header>
      <main id="work" class="work" tabIndex={-1}>
        <LineState />
        <Opened />
      </main>
      {menu && (
        <Dialog title={me.value?.name ?? ""} onClose={() => setMenu(false)}>
          <Menu onOpened={() => setMenu(false)} />
          <Account />
        </Dialog>
      )}
    </div>
  );
};

export const App = () => {
  const failure = useCity();
  return (
    <>
      {failure !== null && <p class="empty">{words(failure)}</p>}
      {me.value === undefined && <Loading />}
      {me.value === null && <Welcome title={t("ops.frame.title")} lead={t("ops.frame.lead")} mayRegister={false} />}
      {me.value && <Console key={me.value.id} />}
      <Toasts />
    </>
  );
};
