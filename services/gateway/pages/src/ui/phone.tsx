/** The frame of a page for the telephone: the map, a sheet before it, and a menu with what everybody has. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
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
  children: ComponentChildren;
}

export const Phone = ({ title, label, map, panels, about, children }: Props) => {
  const [opened, open] = useState<string | null>(null);
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
      <section class="sheet" aria-label={label}>
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
