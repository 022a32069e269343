import { isServiceName } from "@msec/api/service-name";
import { UserError } from "@msec/process";

/** The name itself. @throws UserError when it is none */
export function assertServiceName(name: string, from: string): string {
  if (isServiceName(name)) return name;
  throw new UserError(`${from} ${JSON.stringify(name)} is not a service name`, {
    hint: "two parts with a dot between, each 2…32 letters, digits and _, such as Flight.mod_flight",
  });
}

/**
 * The service that a program belongs to when nobody says so: the two directories above `bin`, as the service standard has them
 * (`/msec/Flight/mod_flight/bin`).
 *
 * @returns `undefined` when the directory is not one of a service
 */
export function findServiceName(directory: string): string | undefined {
  const [bin, second, first] = directory.split("/").reverse();
  const name = `${first}.${second}`;
  return bin === "bin" && isServiceName(name) ? name : undefined;
}
