import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { SourceScope } from "./source-scope.ts";

/**
 * Source of `make()`: a message with its defaults, the same own properties, order and prototype as `create(desc)` gives.
 *
 * A constructor instead of an object literal, because V8 leaves room inside the object for properties that early instances
 * receive later (slack tracking): fields with presence then need no second allocation. Eight instances with every
 * field set are made at once to teach it that.
 */
export function generateMake(desc: DescMessage, sample: Message, scope: SourceScope): string {
  const lines = [`this.$typeName = ${JSON.stringify(desc.typeName)};`];
  const later: string[] = [];
  for (const member of desc.members) {
    const property = JSON.stringify(member.localName);
    if (member.kind === "oneof") {
      lines.push(`this[${property}] = { case: undefined };`);
    } else if (member.fieldKind === "list") {
      lines.push(`this[${property}] = [];`);
    } else if (member.fieldKind === "map") {
      lines.push(`this[${property}] = {};`);
    } else if (Object.hasOwn(sample, member.localName)) {
      lines.push(`this[${property}] = ${literal(sample[member.localName as keyof Message], scope)};`);
    } else {
      later.push(`taught[${property}] = undefined;`);
    }
  }
  return `
function ShapedMessage() { ${lines.join("\n")} }
ShapedMessage.prototype = ${scope.constant(Object.getPrototypeOf(sample))};
function make() { return new ShapedMessage(); }
for (let i = 0; i < 8; i++) { const taught = make(); ${later.join("\n")} }`;
}

/** Source for a default value: a literal for those that read the same, a name for the others (bytes, -0, NaN). */
export function literal(value: unknown, scope: SourceScope): string {
  if (typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Number.isInteger(value) && !Object.is(value, -0)) return String(value);
  return scope.constant(value);
}
