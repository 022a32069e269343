import type { ListServicesResponse, Service } from "@msec/api/console/v1/registry_pb.js";
import { constantRanges, constants, Policy } from "@msec/balance";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Checkbox, Input, InputNumber, Radio, Switch } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "../../lib/api.ts";
import { FailureNotice } from "../../lib/failure-notice.tsx";
import { useComplaint } from "../../lib/use-complaint.ts";
import { FormField } from "../../ui/form-field.tsx";
import { Loading, Notice } from "../../ui/notice.tsx";
import { Panel } from "../../ui/panel.tsx";
import { useCapacityChange } from "../capacity/queries.ts";
import {
  type ConstantName,
  constantNames,
  KeySource,
  type PolicyDraft,
  policyDraft,
  policyFaults,
  policyNames,
  policyOf,
  samePolicy,
  withConstant,
} from "./policy-draft.ts";
import { servicesQuery } from "./queries.ts";
import { takesCalls } from "./service-health.ts";
import { ServiceHead, UnknownService } from "./service-page.tsx";
import { ServiceTabs } from "./service-tabs.tsx";
import "./policy-page.css";

/** How callers of one service choose among its instances. */
export function PolicyPage({ name }: { readonly name: string }) {
  const { t } = useTranslation();
  const services = useQuery(servicesQuery(useApi()));
  const service = services.data?.services.find((one) => one.name === name);
  if (services.isPending) return <Loading label={name} lines={8} />;
  if (services.data === undefined) return <FailureNotice error={services.error} onRetry={services.refetch} />;
  if (service === undefined) return <UnknownService name={name} />;
  return (
    <div className="page">
      <ServiceHead service={service} />
      <ServiceTabs name={name} />
      {takesCalls(service) ? (
        <PolicyForm key={name} service={service} />
      ) : (
        <Panel title={t("policy.title")}>
          <Notice title={t("policy.tab")}>{t("policy.external")}</Notice>
        </Panel>
      )}
    </div>
  );
}

function PolicyForm({ service }: { service: Service }) {
  const { t } = useTranslation();
  const api = useApi();
  const { message, modal } = App.useApp();
  const complain = useComplaint();
  const queryClient = useQueryClient();
  const stored = policyDraft(service.policy);
  const [edited, setEdited] = useState<PolicyDraft>();
  const draft = edited ?? stored;
  const faults = policyFaults(draft);
  const changed = edited !== undefined && !samePolicy(edited, stored);
  const set = useCapacityChange((next: PolicyDraft) => {
    const policy = policyOf(next);
    return api.registry.setRoutingPolicy({ service: service.name, ...(policy === undefined ? {} : { policy }) });
  });
  const save = async (next: PolicyDraft) => {
    try {
      const answer = await set.mutateAsync(next);
      // The page shows what was saved before the services are asked for again.
      queryClient.setQueryData<ListServicesResponse>(servicesQuery(api).queryKey, (old) => {
        const services = old?.services.map((one) => (one.name === service.name ? (answer.service ?? one) : one));
        return old === undefined || services === undefined ? old : { ...old, services };
      });
      setEdited(undefined);
      void message.success(t("policy.saved"));
    } catch (error) {
      complain(t("policy.notSaved"), error);
    }
  };
  const reset = () =>
    modal.confirm({
      title: t("policy.resetTitle"),
      content: t("policy.resetBody", { service: service.name }),
      okText: t("policy.reset"),
      cancelText: t("action.cancel"),
      focusable: { autoFocusButton: "cancel" },
      icon: null,
      onOk: () => save(policyDraft(undefined)),
    });
  return (
    <>
      <Panel
        title={t("policy.title")}
        count={changed ? t("policy.changed") : policyOf(stored) === undefined ? t("policy.isDefault") : undefined}
        tools={
          <>
            <Button size="small" disabled={policyOf(stored) === undefined} onClick={reset}>
              {t("policy.reset")}
            </Button>
            <Button size="small" disabled={!changed} onClick={() => setEdited(undefined)}>
              {t("policy.discard")}
            </Button>
            <Button
              size="small"
              type="primary"
              disabled={!changed || faults.length > 0}
              loading={set.isPending}
              onClick={() => void save(draft)}
            >
              {t("policy.save")}
            </Button>
          </>
        }
      >
        <div className="panel-body">
          <PolicyFields draft={draft} wrongKey={faults.includes("metadata")} onChange={setEdited} />
        </div>
      </Panel>
      <ConstantsPanel draft={draft} faults={faults} onChange={setEdited} />
    </>
  );
}

interface FieldsProps {
  readonly draft: PolicyDraft;
  readonly onChange: (draft: PolicyDraft) => void;
}

function PolicyFields({ draft, wrongKey, onChange }: FieldsProps & { wrongKey: boolean }) {
  const { t } = useTranslation();
  const keyed = draft.name === Policy.consistentHash;
  return (
    <div className="form-grid policy-form">
      <FormField name={t("policy.name")} tall>
        <Radio.Group
          aria-label={t("policy.name")}
          className="policy-names"
          value={draft.name}
          onChange={(event) => onChange({ ...draft, name: event.target.value as Policy })}
          options={policyNames.map((name) => ({
            value: name,
            label: (
              <>
                {t(`policy.${name}`)} <span className="muted">{t(`policy.hint.${name}`)}</span>
              </>
            ),
          }))}
        />
      </FormField>
      {keyed && (
        <FormField name={t("policy.key")} tall>
          <Radio.Group
            aria-label={t("policy.key")}
            value={draft.keySource}
            onChange={(event) => onChange({ ...draft, keySource: event.target.value as KeySource })}
            options={[
              { value: KeySource.Caller, label: t("policy.keyCaller") },
              { value: KeySource.Metadata, label: t("policy.keyMetadata") },
            ]}
          />
          {draft.keySource === KeySource.Metadata && (
            <>
              <Input
                aria-label={t("policy.keyName")}
                style={{ width: 220 }}
                maxLength={64}
                placeholder="user-id"
                status={wrongKey && draft.metadata !== "" ? "error" : ""}
                value={draft.metadata}
                onChange={(event) => onChange({ ...draft, metadata: event.target.value.toLowerCase() })}
              />
              {wrongKey && <span className={draft.metadata === "" ? "hint" : "fail"}>{t("policy.keyBad")}</span>}
            </>
          )}
        </FormField>
      )}
      <FormField name={t("policy.locality")} for="policy-locality">
        <Switch
          id="policy-locality"
          size="small"
          checked={draft.locality}
          onChange={(locality) => onChange({ ...draft, locality })}
        />
        <span>{t("policy.localityText")}</span>
        <Link className="link" to="/hosts">
          {t("policy.zones")}
        </Link>
      </FormField>
    </div>
  );
}

function ConstantsPanel({ draft, faults, onChange }: FieldsProps & { faults: readonly string[] }) {
  const { t } = useTranslation();
  const [only, setOnly] = useState(false);
  const count = Object.keys(draft.constants).length;
  const shown = constantNames.filter((name) => !only || draft.constants[name] !== undefined);
  return (
    <Panel
      title={t("policy.constants")}
      count={count > 0 ? t("policy.overridden", { count }) : constantNames.length}
      tools={
        <Checkbox checked={only} onChange={(event) => setOnly(event.target.checked)}>
          {t("policy.overriddenOnly")}
        </Checkbox>
      }
    >
      <p className="muted policy-lead">{t(only && count === 0 ? "policy.noneOverridden" : "policy.constantsLead")}</p>
      {shown.length > 0 && (
        <div className="scroll-x">
          <table className="grid constants" aria-label={t("policy.constants")}>
            <thead>
              <tr>
                <th>{t("policy.constant")}</th>
                <th className="num">{t("policy.default")}</th>
                <th>{t("policy.range")}</th>
                <th>{t("policy.override")}</th>
                <th>{t("policy.reason")}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((name) => (
                <ConstantRow
                  key={name}
                  name={name}
                  value={draft.constants[name]}
                  wrong={faults.includes(name)}
                  onChange={(value) => onChange(withConstant(draft, name, value))}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

interface ConstantRowProps {
  readonly name: ConstantName;
  readonly value: number | undefined;
  readonly wrong: boolean;
  readonly onChange: (value: number | undefined) => void;
}

function ConstantRow({ name, value, wrong, onChange }: ConstantRowProps) {
  const { t } = useTranslation();
  const [least, most] = constantRanges[name];
  const range = t("policy.out", { least: exact(least), most: exact(most) });
  return (
    <tr className={value === undefined ? "row" : "row chosen"}>
      <td className="mono">{name}</td>
      <td className="num">{exact(constants[name])}</td>
      <td className={wrong ? "fail" : "muted"}>{range}</td>
      <td>
        <InputNumber
          size="small"
          style={{ width: 110 }}
          aria-label={t("policy.overrideOf", { name })}
          aria-invalid={wrong}
          status={wrong ? "error" : ""}
          controls={false}
          placeholder="–"
          value={value ?? null}
          onChange={(next) => onChange(next ?? undefined)}
        />
      </td>
      <td className="wrap soft">{t(`constant.${name}`)}</td>
    </tr>
  );
}

/** A constant with all its digits: the least of them are ten-thousandths. */
function exact(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 6 });
}
