/** The frame of a page for the telephone: the map, a sheet before it, and a menu with what everybody has. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../app/i18n";
import { change, me, signOut } from "../app/session";
import { Button, Dialog, LineState, Preferences } from "./parts";

interface Props {
  title: string;
  /** What the sheet is about. */
  label: string;
  map: ComponentChildren;
  /** What may be opened from the menu: its title, and what is then shown. */
  panels: Record<string, { title: string; show: (close: () => void) => ComponentChildren }>;
  about?: ComponentChildren;
  /** Something that cannot wait: when it comes, whatever is open over the sheet is closed. */
  urgent?: string | undefined;
  children: ComponentChildren;
}

/** When what had the focus is gone with its step of the ride, the next step has it: at its heading. */
const useFocusKept = () => {
  const sheet = useRef<HTMLElement>(null);
  useEffect(() => {
    const place = sheet.current;
    if (!place) return;
    let last: Element | null = null;
    const toHeading = () => {
      const heading = place.querySelector<HTMLElement>("h2") ?? place;
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    };
    // who has just signed in comes from a form that is gone
    if (document.activeElement === document.body) toHeading();
    const focused = (event: FocusEvent) => {
      last = event.target as Element;
    };
    const changed = new MutationObserver(() => {
      if (!last || last.isConnected || document.activeElement !== document.body) return;
      toHeading();
      place.scrollTop = 0;
    });
    place.addEventListener("focusin", focused);
    changed.observe(place, { childList: true, subtree: true });
    return () => {
      place.removeEventListener("focusin", focused);
      changed.disconnect();
    };
  }, []);
  return sheet;
};

export const Phone = ({ title, label, map, panels, about, urgent, children }: Props) => {
  const [opened, open] = useState<string | null>(null);
  const sheet = useFocusKept();
  useEffect(() => {
    if (urgent) open(null);
  }, [urgent]);
  const close = () => open(null);
  return (
    <main class="phone">
      <h1 class="unseen">{title}</h1>
      {map}
      <LineState />
      <div class="top">
        <Button label={t("menu.open")} onClick={() => open("menu")}>
          <span aria-hidden="true">☰</span>
        </Button>
      </div>
      <section class="sheet" aria-label={label} ref={sheet} tabIndex={-1}>
        {children}
      </section>
      {opened === "menu" && (
        <Dialog title={me.value?.name ?? ""} onClose={close}>
          {about}
          {Object.entries(panels).map(([name, panel]) => (
            <Button key={name} wide onClick={() => open(name)}>
              {panel.title}
            </Button>
          ))}
          <Preferences onLanguage={(language) => void change({ language }).catch(() => undefined)} />
          <Button wide kind="quiet" onClick={signOut}>
            {t("account.sign_out")}
          </Button>
        </Dialog>
      )}
      {opened && panels[opened]?.show(close)}
    </main>
  );
};
