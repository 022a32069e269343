import type { OperationKind } from "@msec/api/console/v1/capacity_pb.js";
import type { Instance } from "@msec/api/console/v1/registry_pb.js";
import { Button } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { appliesTo, operationKinds } from "./applicable.ts";
import { OperationDialog } from "./operation-dialog.tsx";
import { kindKey } from "./operation-words.ts";

/** The instances that were chosen, and all instances of their services. */
export interface InstanceActionsProps {
  readonly chosen: readonly Instance[];
  readonly all: readonly Instance[];
  /** Called when an operation was begun. */
  readonly onBegun: () => void;
  /** Further buttons beside. */
  readonly children?: ReactNode;
}

/** The buttons that take chosen instances in and out, start, stop, restart and reload them; each opens its dialog. */
export function InstanceActions({ chosen, all, onBegun, children }: InstanceActionsProps) {
  const { t } = useTranslation();
  const [kind, setKind] = useState<OperationKind>();
  // Without instances that could be in routing or be started there is nothing to offer.
  const offered = operationKinds.filter((one) => all.some((instance) => isPossible(one, instance)));
  return (
    <fieldset className="instance-actions">
      <legend className="visually-hidden">{t("operation.actions")}</legend>
      {offered.map((one) => (
        <Button
          key={one}
          size="small"
          disabled={!chosen.some((instance) => appliesTo(one, instance))}
          title={chosen.length === 0 ? t("operation.none") : undefined}
          onClick={() => setKind(one)}
        >
          {t(`operation.kind.${kindKey[one]}`)}
        </Button>
      ))}
      {children}
      {kind !== undefined && (
        <OperationDialog kind={kind} chosen={chosen} all={all} onClose={() => setKind(undefined)} onBegun={onBegun} />
      )}
    </fieldset>
  );
}

function isPossible(kind: OperationKind, instance: Instance): boolean {
  return [true, false].some((inRouting) =>
    [true, false].some((run) => appliesTo(kind, { ...instance, inRouting, run })),
  );
}
