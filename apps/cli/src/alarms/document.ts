import { create, type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { nearestName, UserError } from "@msec/process";
import type { Messages } from "../messages/messages.ts";

/** A message as people write it: names of enumerations are short words (`error-ratio`), what is at its default is left out. */
export type Document = Record<string, unknown>;

/** How messages of one kind are written. */
export interface DocumentForm<Schema extends DescMessage> {
  readonly schema: Schema;
  /** Fields that people do not write: ids, times, what the server says. */
  readonly omit: ReadonlySet<string>;
  /** Fields that are shown even at zero: what is missing in a document is not zero there. */
  readonly always: ReadonlySet<string>;
}

/** The keys that a document may have. */
export function documentKeys({ schema, omit }: DocumentForm<DescMessage>): string[] {
  return schema.fields.map(({ jsonName }) => jsonName).filter((key) => !omit.has(key));
}

/** A message as a document. */
export function documentFrom<Schema extends DescMessage>(
  { schema, omit, always }: DocumentForm<Schema>,
  message: MessageShape<Schema>,
): Document {
  const document: Document = {};
  for (const field of schema.fields) {
    const value = (message as Record<string, unknown>)[field.localName];
    const empty = value === 0 || value === "" || value === false || (Array.isArray(value) && value.length === 0);
    if (omit.has(field.jsonName) || (empty && !always.has(field.jsonName))) continue;
    document[field.jsonName] = field.fieldKind === "enum" ? enumWord(field, value as number) : value;
  }
  return document;
}

/**
 * A document as a message.
 *
 * @param base  what holds where the document says nothing
 * @throws UserError naming the key and what was expected
 */
export function messageFrom<Schema extends DescMessage>(
  form: DocumentForm<Schema>,
  document: Document,
  base: Partial<MessageShape<Schema>>,
  messages: Messages,
): MessageShape<Schema> {
  const keys = documentKeys(form);
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(document)) {
    const field = form.schema.fields.find(({ jsonName }) => jsonName === key && keys.includes(key));
    if (field === undefined) {
      const nearest = nearestName(key, keys);
      throw new UserError(messages.documentUnknownKey(key), {
        hint: nearest === undefined ? messages.documentKeys(keys.join(", ")) : messages.documentNearest(nearest),
      });
    }
    given[field.localName] = fieldValue(field, value, messages);
  }
  return create(form.schema, { ...base, ...given } as never);
}

/**
 * A document of `key=value` words, each value read as its field wants it: `channels=a,b`, `enabled=no`, `threshold=5`.
 *
 * @throws UserError for a word without `=`; what is wrong with a value is said by `messageFrom`
 */
export function documentFromWords(
  { schema }: DocumentForm<DescMessage>,
  words: readonly string[],
  messages: Messages,
): Document {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf("=");
      if (at < 1) throw new UserError(messages.documentNoValue(word), { exitStatus: 2 });
      const [key, text] = [word.slice(0, at), word.slice(at + 1)];
      const field = schema.fields.find(({ jsonName }) => jsonName === key);
      return [key, field === undefined ? text : valueOfText(field, text)];
    }),
  );
}

const truth: Readonly<Record<string, boolean>> = {
  yes: true,
  true: true,
  on: true,
  no: false,
  false: false,
  off: false,
};

function valueOfText(field: DescField, text: string): unknown {
  if (field.fieldKind === "list") return text === "" ? [] : text.split(",").map((part) => part.trim());
  if (field.fieldKind !== "scalar" || field.scalar === ScalarType.STRING) return text;
  if (field.scalar === ScalarType.BOOL) return truth[text] ?? text;
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

function fieldValue(field: DescField, value: unknown, messages: Messages): unknown {
  const refuse = (expected: string): never => {
    throw new UserError(messages.documentBadValue(field.jsonName, JSON.stringify(value).slice(0, 80), expected));
  };
  if (field.fieldKind === "enum") {
    const words = field.enum.values.filter(({ number }) => number > 0).map(({ number }) => enumWord(field, number));
    const found = field.enum.values.find(({ number }) => number > 0 && enumWord(field, number) === value);
    return found?.number ?? refuse(words.join(", "));
  }
  if (field.fieldKind === "list") {
    return Array.isArray(value) && value.every((one) => typeof one === "string")
      ? value
      : refuse(messages.documentTexts);
  }
  if (field.fieldKind !== "scalar") return refuse("");
  if (field.scalar === ScalarType.BOOL) return typeof value === "boolean" ? value : refuse("true, false");
  if (field.scalar === ScalarType.STRING) return typeof value === "string" ? value : refuse(messages.documentText);
  if (field.scalar === ScalarType.UINT32) {
    const fits = Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffff_ffff;
    return fits ? value : refuse(messages.documentInteger);
  }
  return typeof value === "number" && Number.isFinite(value) ? value : refuse(messages.documentNumber);
}

// ALARM_SUBJECT_ERROR_RATIO → error-ratio.
function enumWord(field: DescField & { fieldKind: "enum" }, number: number): string {
  const name = field.enum.values.find((one) => one.number === number)?.localName ?? String(number);
  return name.toLowerCase().replaceAll("_", "-");
}
