/** An operator ends a trip: what it would cost stands there first, and the reason is kept. */
import { useState } from "preact/hooks";
import { post } from "../../app/http";
import { t } from "../../app/i18n";
import { Button, Dialog, Field, Note, toast, useForm } from "../../ui/parts";
import type { OpsTrip } from "./model";
import { told } from "./words";

interface Props {
  trip: OpsTrip;
  onDone: () => Promise<void>;
}

const Ask = ({ trip, onDone, onClose }: Props & { onClose: () => void }) => {
  const form = useForm(async ({ reason, charge }) => {
    await told(post(`/v1/trips/${trip.id}/cancel`, { reason: reason?.trim() || null, charge: charge === "on" }));
    onClose();
    toast(t("ops.trips.cancel_done"));
    await onDone();
  });
  return (
    <Dialog title={t("ops.trips.cancel")} onClose={onClose}>
      <p>{t(`ops.trips.cancel_what.${trip.state}`)}</p>
      <form class="stack" onSubmit={form.submit} noValidate>
        <Field label={t("ops.trips.reason")} name="reason" maxLength={500} wrong={form.fields.reason} dir="auto" />
        <label class="row tick">
          <input type="checkbox" name="charge" />
          <span>{t("ops.trips.cancel_charge")}</span>
        </label>
        {form.fields.charge && <Note kind="bad">{form.fields.charge}</Note>}
        {form.failure && <Note kind="bad">{form.failure}</Note>}
        <Button kind="bad" type="submit" wide busy={form.busy}>
          {t("ops.trips.cancel")}
        </Button>
      </form>
    </Dialog>
  );
};

export const Cancel = ({ trip, onDone }: Props) => {
  const [asking, ask] = useState(false);
  return (
    <div>
      <Button kind="bad" onClick={() => ask(true)}>
        {t("ops.trips.cancel")}…
      </Button>
      {asking && <Ask trip={trip} onDone={onDone} onClose={() => ask(false)} />}
    </div>
  );
};
