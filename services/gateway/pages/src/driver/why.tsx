/** Why there were few rides in the last hour, and what to do about it. */
import { distance, duration } from "../app/format";
import { get } from "../app/http";
import { hasText, t } from "../app/i18n";
import { useResource } from "../app/resource";
import { Dialog, Loading, Note, words } from "../ui/parts";

interface Reason {
  code: string;
  count: number;
  nearer_s: number | null;
  words: string;
}

interface Advice {
  code: string;
  requests: number | null;
  distance_m: number | null;
  direction: string | null;
  words: string;
}

interface Why {
  since: string;
  until: string;
  online_s: number;
  rides: number | null;
  riding_s: number | null;
  considered: number;
  near: { within_m: number; requests: number | null };
  advice: Advice[];
  reasons: Reason[];
  offers: { made: number; accepted: number; declined: number; expired: number };
  missing: string[];
}

const lasting = (seconds: number): string =>
  seconds < 60 ? t("time.seconds", { count: Math.round(seconds) }) : duration(seconds);

const summary = (told: Why): string => {
  const span = lasting((Date.parse(told.until) - Date.parse(told.since)) / 1000);
  const sentences = [t("why.worked", { span, online: lasting(told.online_s) })];
  if (told.rides) sentences.push(t("why.rides", { count: told.rides, time: lasting(told.riding_s ?? 0) }));
  if (told.near.requests !== null) {
    sentences.push(t("why.near", { count: told.near.requests, distance: distance(told.near.within_m) }));
  }
  sentences.push(t("why.looked", { count: told.considered }));
  return sentences.join(" ");
};

const reasonText = ({ code, count, nearer_s, words: said }: Reason): string => {
  const key = `why.reason.${code}`;
  if (!hasText(`${key}_other`)) return said;
  return t(key, { count }) + (nearer_s ? ` (${t("why.nearer", { time: lasting(nearer_s) })})` : "");
};

const adviceText = ({ code, requests, distance_m, direction, words: said }: Advice): string => {
  const key = `why.advice.${code}`;
  if (!hasText(key) && !hasText(`${key}_other`)) return said;
  return t(key, {
    count: requests ?? 0,
    distance: distance(distance_m ?? 0),
    direction: direction ? t(`compass.${direction}`) : "",
  });
};

const Told = ({ told }: { told: Why }) => (
  <>
    <p>{summary(told)}</p>
    <p class="soft">
      {t("driver.offers_made", {
        made: told.offers.made,
        accepted: told.offers.accepted,
        declined: told.offers.declined,
        expired: told.offers.expired,
      })}
    </p>
    {told.reasons.length > 0 && <h3>{t("why.reasons")}</h3>}
    <ul class="list small">
      {told.reasons.map((each) => (
        <li key={each.code} class="row between">
          <span>{reasonText(each)}</span>
          <span class="number">{each.count}</span>
        </li>
      ))}
    </ul>
    {told.advice.length > 0 && <h3>{t("why.what_to_do")}</h3>}
    <ul class="facts">
      {told.advice.map((each) => (
        <li key={each.code}>{adviceText(each)}</li>
      ))}
    </ul>
    {told.missing.length > 0 && <Note kind="warn">{t("why.missing")}</Note>}
  </>
);

export const WhyNoRides = ({ onClose }: { onClose: () => void }) => {
  const told = useResource(() => get<Why>("/v1/driver/why-no-rides"));
  return (
    <Dialog title={t("driver.why")} onClose={onClose}>
      {told.failure !== null && <Note kind="bad">{words(told.failure)}</Note>}
      {!told.value && told.failure === null && <Loading />}
      {told.value && <Told told={told.value} />}
    </Dialog>
  );
};
