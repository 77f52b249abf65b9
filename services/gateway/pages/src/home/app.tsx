/** Three pages to open, a ride in four steps, and what developers read. */
import { t } from "../app/i18n";
import { Preferences } from "../ui/parts";
import "./home.css";

const PAGES = ["rider", "driver", "ops"] as const;
const STEPS = ["driver", "rider", "accept", "ops"] as const;

const Card = ({ page }: { page: (typeof PAGES)[number] }) => (
  <li>
    <a class="home-card" href={`/${page}`}>
      <strong>{t(`home.${page}`)}</strong>
      <span class="soft">{t(`home.${page}_more`)}</span>
      <span class="home-path small">/{page}</span>
    </a>
  </li>
);

export const App = () => (
  <main class="home stack">
    <header class="stack">
      <h1>Hansom</h1>
      <p class="soft">{t("home.lead")}</p>
    </header>
    <h2 class="unseen">{t("home.pages")}</h2>
    <ul class="home-cards">
      {PAGES.map((page) => (
        <Card key={page} page={page} />
      ))}
    </ul>
    <h2>{t("home.minute")}</h2>
    <ol class="home-steps">
      {STEPS.map((step) => (
        <li key={step}>{t(`home.step_${step}`)}</li>
      ))}
    </ol>
    <p class="soft small">{t("home.demo")}</p>
    <h2>{t("home.developers")}</h2>
    <ul class="home-links">
      <li>
        <a href="/docs">{t("home.docs")}</a>
      </li>
      <li>
        <a href="/asyncapi">{t("home.socket")}</a>
      </li>
    </ul>
    <details>
      <summary>{t("ui.preferences")}</summary>
      <Preferences />
    </details>
  </main>
);
