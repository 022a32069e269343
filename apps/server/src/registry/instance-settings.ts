import { create, toJsonString } from "@bufbuild/protobuf";
import { type InstanceSettings, InstanceSettingsSchema } from "@msec/api/agent/v1/common_pb.js";
import { Code, RpcError } from "@msec/rpc";

const ranges = {
  procnum: [1, 1024],
  memoryBytes: [16 * 1024 ** 2, 1024 ** 5],
  cpus: [1, 1024],
  openFiles: [64, 1_048_576],
} as const satisfies Partial<Record<keyof InstanceSettings, readonly [number, number]>>;

/**
 * Check what an instance may take of its host, and give it as it is stored.
 *
 * @returns "" for no limits
 * @throws RpcError InvalidArgument, naming the field and its range
 */
export function settingsText(settings: InstanceSettings | undefined): string {
  if (settings === undefined) return "";
  const { procnum, memoryBytes, cpus, openFiles } = settings;
  const values = { procnum, memoryBytes, cpus, openFiles };
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = values[name as keyof typeof values];
    if (value !== 0 && !(Number.isInteger(value) && value >= least && value <= most)) {
      throw new RpcError(
        Code.InvalidArgument,
        `settings.${name} ${value} must be a whole number of ${least}…${most}, or 0`,
      );
    }
  }
  return Object.values(values).every((value) => value === 0)
    ? ""
    : toJsonString(InstanceSettingsSchema, create(InstanceSettingsSchema, values));
}
