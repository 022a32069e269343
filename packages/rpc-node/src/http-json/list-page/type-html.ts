import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { type Html, html } from "./escape-html.ts";
import type { ListWords } from "./list-words.ts";
import { hasOwnJson } from "./request-skeleton.ts";

/**
 * A message type with all that it consists of, each type in full where it comes first and by name after that, so that a type
 * that contains itself ends, and the page grows with the types and not with the ways to them.
 */
export function typeHtml(desc: DescMessage, words: ListWords): Html {
  return messageHtml(desc, words, new Set());
}

function messageHtml(desc: DescMessage, words: ListWords, shown: Set<string>): Html {
  shown.add(desc.typeName);
  if (desc.fields.length === 0) {
    return html`<p class="quiet">${words.noFields}</p>`;
  }
  return html`<ul class="fields">${desc.fields.map((field) => fieldHtml(field, words, shown))}</ul>`;
}

function fieldHtml(field: DescField, words: ListWords, shown: Set<string>): Html {
  const nested = field.message ?? field.enum;
  const isKnown = nested !== undefined && shown.has(nested.typeName);
  const row = html`<span class="number">${field.number}</span><code class="name">${field.name}</code>
    <code class="type">${typeName(field)}</code>${labels(field).map((label) => html`<span class="label">${label}</span>`)}
    ${field.deprecated && html`<span class="label warn">${words.deprecated}</span>`}`;
  if (nested === undefined || (nested.kind === "message" && hasOwnJson(nested))) {
    return html`<li>${row}</li>`;
  }
  if (isKnown) {
    return html`<li>${row}<span class="quiet">${words.above}</span></li>`;
  }
  const inside = nested.kind === "enum" ? enumHtml(nested, shown) : messageHtml(nested, words, shown);
  return html`<li><details open><summary>${row}</summary>${inside}</details></li>`;
}

function enumHtml(desc: DescEnum, shown: Set<string>): Html {
  shown.add(desc.typeName);
  return html`<ul class="fields">${desc.values.map(
    (value) => html`<li><span class="number">${value.number}</span><code class="name">${value.name}</code></li>`,
  )}</ul>`;
}

function typeName(field: DescField): string {
  const one = field.message?.typeName ?? field.enum?.typeName ?? scalarName(field.scalar!);
  return field.fieldKind === "map" ? `map<${scalarName(field.mapKey)}, ${one}>` : one;
}

function labels(field: DescField): string[] {
  if (field.oneof) {
    return [`oneof ${field.oneof.name}`];
  }
  if (field.fieldKind === "list") {
    return ["repeated"];
  }
  if (field.fieldKind === "map") {
    return [];
  }
  if (field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED) {
    return ["required"];
  }
  return field.presence === FeatureSet_FieldPresence.EXPLICIT && !field.message ? ["optional"] : [];
}

function scalarName(scalar: ScalarType): string {
  return ScalarType[scalar].toLowerCase();
}
