/** Who of the operators did it: only his id is kept with what was done. */
import { t } from "../../app/i18n";
import { me } from "../../app/session";
import { tail } from "../trips/words";

export const who = (id: string): string => (id === me.value?.id ? t("ops.desk.you") : tail(id));
