/** What stands for something that could not be fetched. */
import { t } from "../../app/i18n";
import type { Resource } from "../../app/resource";
import { Button, Loading, Note, words } from "../../ui/parts";

/** Nothing once it is there; why it is not, with a button to try again, or that it comes. */
export const Awaited = ({ of }: { of: Resource<unknown> }) => {
  if (of.failure !== null)
    return (
      <Note kind="bad">
        <div class="row between wrap">
          <span>{words(of.failure)}</span>
          <Button onClick={of.again}>{t("ui.again")}</Button>
        </div>
      </Note>
    );
  return of.value === null ? <Loading /> : null;
};
