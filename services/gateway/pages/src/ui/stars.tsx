/** One to five stars to choose from. */
import { t } from "../app/i18n";

interface Props {
  label: string;
  given: number;
  onGive: (stars: number) => void;
}

export const Stars = ({ label, given, onGive }: Props) => (
  <fieldset class="stars">
    <legend class="unseen">{label}</legend>
    {[1, 2, 3, 4, 5].map((each) => (
      <button
        key={each}
        type="button"
        class={each <= given ? "on" : ""}
        aria-pressed={given === each}
        aria-label={t("rating.stars", { count: each })}
        onClick={() => onGive(each)}
      >
        <span aria-hidden="true">★</span>
      </button>
    ))}
  </fieldset>
);
