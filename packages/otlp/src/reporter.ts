import { hash } from "node:crypto";
import type { Resource } from "../gen/opentelemetry/proto/resource/v1/resource_pb.js";
import { attributeText, cut, firstAttribute } from "./attributes.ts";

/** Who reports, in our terms. */
export type Reporter = {
  /** `L1.L2`. */
  readonly service: string;
  readonly instance: string;
};

/** L1 of services whose name has one part only. */
export const FOREIGN_FAMILY = "OTel";

/** Our name of a service that OpenTelemetry describes: see docs/decisions/0011-open-telemetry.md, "Service". */
export function reporterOf(resource: Resource | undefined): Reporter {
  const attributes = resource?.attributes ?? [];
  const name = attributeText(attributes, "service.name");
  const namespace = attributeText(attributes, "service.namespace");
  const instance = firstAttribute(attributes, ["service.instance.id", "host.name"], 100);
  return {
    service: namespace === "" ? serviceName(name) : `${part(namespace)}.${part(name || "unknown_service")}`,
    instance: printable(instance) || "otel",
  };
}

/**
 * The two-level name for any name.
 *
 * @param name  `Flight.web` stays; `checkout` becomes `OTel.checkout`; `a.b-c.d` `OTel.a_b_c_d`; `订单` `OTel.s_3d5436ea`
 */
export function serviceName(name: string): string {
  const parts = name.split(".");
  if (parts.length === 2 && parts.every((own) => own === part(own))) return name;
  return `${FOREIGN_FAMILY}.${part(name || "unknown_service")}`;
}

/** Text without what would break lines or terminals. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ").trim();
}

const partMaxChars = 32;

/**
 * One part of a name: 2…32 letters, digits and _, beginning with a letter.
 *
 * A name that would lose its words (letters of other scripts, what is behind the 32nd character) ends in eight digits of its SHA-256, so that two such names stay two services.
 */
function part(text: string): string {
  const plain = text.replace(/[^a-zA-Z0-9_]/g, "_");
  const begun = /^[a-zA-Z]/.test(plain) ? plain : `s_${plain}`;
  const whole = begun.length < 2 ? `${begun}_` : begun;
  if (whole.length <= partMaxChars && /^\p{ASCII}*$/u.test(text)) return whole;
  const digits = hash("sha256", text).slice(0, 8);
  return `${cut(whole, partMaxChars - digits.length - 1).replace(/_+$/, "")}_${digits}`;
}
