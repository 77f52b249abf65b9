/** Let a driver work, or stop him; with the reason that is kept and that he is told. */
import { useState } from "preact/hooks";
import { post } from "../../app/http";
import { t } from "../../app/i18n";
import { Button, toast } from "../../ui/parts";
import { Confirm } from "../parts";
import { told } from "../trips/words";
import type { WholeDriver } from "./model";
import { reasonOf } from "./words";

interface Props {
  driver: WholeDriver;
  onDone: () => Promise<void>;
}

export const Decide = ({ driver, onDone }: Props) => {
  const [asking, ask] = useState<"approve" | "suspend" | null>(null);
  const wanting = driver.documents.filter((paper) => paper.required && paper.state !== "accepted").length;
  const act = async (reason: string) => {
    const body = asking === "suspend" ? { reason: reasonOf(reason) } : {};
    await told(post(`/v1/ops/drivers/${driver.id}/${asking}`, body));
    toast(t(`ops.drivers.done.${asking}`, { name: driver.name }));
    await onDone();
  };
  return (
    <div class="row wrap">
      {driver.approval !== "approved" && (
        <Button kind="first" onClick={() => ask("approve")}>
          {t("ops.drivers.approve")}…
        </Button>
      )}
      {driver.approval !== "suspended" && (
        <Button kind="bad" onClick={() => ask("suspend")}>
          {t("ops.drivers.suspend")}…
        </Button>
      )}
      {asking && (
        <Confirm
          title={t(`ops.drivers.${asking}`)}
          text={[
            t(`ops.drivers.what.${asking}`),
            asking === "approve" && wanting ? t("ops.drivers.wanting", { count: wanting }) : "",
            asking === "suspend" && driver.trip ? t("ops.drivers.on_a_trip") : "",
          ]
            .filter(Boolean)
            .join(" ")}
          act={t(`ops.drivers.${asking}`)}
          bad={asking === "suspend"}
          reason={asking === "suspend"}
          onAct={act}
          onClose={() => ask(null)}
        />
      )}
    </div>
  );
};
