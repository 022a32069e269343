import { InputNumber } from "antd";
import { useTranslation } from "react-i18next";
import { FormField } from "../../ui/form-field.tsx";
import type { LimitsDraft } from "./instance-limits.ts";

/** The fields of a weight and of limits; external instances have a weight only. */
export interface LimitsFieldsProps {
  readonly draft: LimitsDraft;
  readonly external: boolean;
  readonly onChange: (draft: LimitsDraft) => void;
}

// Ranges as the server has them (apps/server/src/registry/instance-settings.ts).
const limits = [
  { key: "procnum", least: 1, most: 1024, hint: "asConfigured" },
  { key: "memoryMiB", least: 16, most: 2 ** 30, hint: "unlimited" },
  { key: "cpus", least: 1, most: 1024, hint: "unlimited" },
  { key: "openFiles", least: 64, most: 1_048_576, hint: "unlimited" },
] as const;

/** The fields of a weight and of limits. */
export function LimitsFields({ draft, external, onChange }: LimitsFieldsProps) {
  const { t } = useTranslation();
  return (
    <>
      <FormField name={t("instanceForm.weight")} for="instance-weight" hint={t("instanceForm.weightHint")}>
        <InputNumber
          id="instance-weight"
          min={1}
          max={10_000}
          precision={0}
          value={draft.weight}
          onChange={(value) => onChange({ ...draft, weight: value ?? 100 })}
        />
      </FormField>
      {!external &&
        limits.map(({ key, least, most, hint }) => (
          <FormField key={key} name={t(`instanceForm.${key === "memoryMiB" ? "memory" : key}`)} for={`instance-${key}`}>
            <InputNumber
              id={`instance-${key}`}
              style={{ width: 200 }}
              min={least}
              max={most}
              precision={0}
              placeholder={t(`instanceForm.${hint}`)}
              value={draft[key] === 0 ? null : draft[key]}
              onChange={(value) => onChange({ ...draft, [key]: value ?? 0 })}
            />
          </FormField>
        ))}
    </>
  );
}
