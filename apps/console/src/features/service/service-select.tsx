import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useApi } from "../../lib/api.ts";
import { servicesQuery } from "./queries.ts";

/** What is chosen now and what each choice is called. */
export interface ServiceSelectProps {
  readonly label: string;
  /** The words for no choice. */
  readonly any: string;
  /** `L1.L2`, `L1` for all services of a group written `L1.*` in the list, or nothing for any. */
  readonly value: string | undefined;
  /** With `""` for any. */
  readonly onChange: (service: string) => void;
}

/** One service, all of a first level, or any. */
export function ServiceSelect({ label, any, value, onChange }: ServiceSelectProps) {
  const services = useQuery(servicesQuery(useApi()));
  const names = services.data?.services.map((service) => service.name) ?? [];
  const groups = [...new Set(names.map((name) => name.split(".")[0] ?? ""))];
  return (
    <Select
      style={{ width: 190 }}
      aria-label={label}
      value={value ?? ""}
      showSearch
      options={[
        { value: "", label: any },
        ...groups.map((group) => ({ value: group, label: `${group}.*` })),
        ...names.map((name) => ({ value: name, label: name })),
      ]}
      onChange={onChange}
    />
  );
}
