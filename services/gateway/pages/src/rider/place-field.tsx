/** A field that searches places as somebody types: a combobox of the usual kind, for fingers and keys. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { city } from "../app/city";
import { get } from "../app/http";
import { t } from "../app/i18n";
import type { Place } from "./ride";

interface Props {
  label: string;
  place: Place | null;
  onChoose: (place: Place | null) => Promise<void>;
}

const PAUSE_MS = 160;

export const PlaceField = ({ label, place, onChoose }: Props) => {
  const id = useId();
  const [text, setText] = useState(place?.name ?? "");
  const [found, setFound] = useState<Place[] | null>(null);
  const [at, setAt] = useState(-1);
  const [silent, setSilent] = useState(false);
  const latest = useRef<AbortController | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();

  useEffect(() => {
    setText(place?.name ?? "");
    setFound(null);
  }, [place]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      latest.current?.abort();
    },
    [],
  );

  const search = (typed: string) => {
    setText(typed);
    setAt(-1);
    clearTimeout(timer.current);
    latest.current?.abort();
    if (!typed.trim()) {
      setFound(null);
      if (place) void onChoose(null);
      return;
    }
    timer.current = setTimeout(async () => {
      const mine = new AbortController();
      latest.current = mine;
      const near = city.value?.centre;
      try {
        const answer = await get<{ items: Place[] }>(
          "/v1/places",
          { q: typed.trim(), limit: 8, lat: near?.lat, lng: near?.lng },
          mine.signal,
        );
        setFound(answer.items);
        setSilent(false);
      } catch {
        if (mine.signal.aborted) return;
        setFound([]);
        setSilent(true);
      }
    }, PAUSE_MS);
  };

  const choose = (chosen: Place) => {
    clearTimeout(timer.current);
    latest.current?.abort();
    setFound(null);
    setText(chosen.name);
    void onChoose(chosen);
  };

  const keys = (event: KeyboardEvent) => {
    if (!found?.length) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const chosen = found[Math.max(0, at)];
      if (chosen) choose(chosen);
    } else if (event.key === "Escape") setFound(null);
  };

  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="input"
        type="text"
        role="combobox"
        dir="auto"
        autoComplete="off"
        aria-autocomplete="list"
        aria-expanded={found !== null}
        aria-controls={`${id}-found`}
        aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
        placeholder={t("rider.search")}
        value={text}
        onInput={(event) => search(event.currentTarget.value)}
        onKeyDown={keys}
      />
      {found !== null && (
        <div class="found" role="listbox" id={`${id}-found`} aria-label={label}>
          {found.map((each, index) => (
            <div
              key={`${each.name}${each.point.lat}`}
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              dir="auto"
              onMouseDown={(event) => {
                event.preventDefault();
                choose(each);
              }}
            >
              {each.name} <span class="soft small">{t(`place.${each.kind}`, { defaultValue: "" })}</span>
            </div>
          ))}
          {!found.length && (
            <div role="option" tabIndex={-1} aria-selected={false} aria-disabled="true" class="soft">
              {t(silent ? "rider.search_failed" : "rider.nothing_found")}
            </div>
          )}
        </div>
      )}
    </div>
  );
};
