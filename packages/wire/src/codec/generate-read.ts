import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { LocalForm, localForm } from "./field-kind.ts";
import { literal } from "./generate-make.ts";
import { readScalar } from "./generate-read-scalar.ts";
import type { SourceScope } from "./source-scope.ts";

/**
 * Source of `read(reader, message, depth, group)`.
 *
 * Like protobuf-es, dispatches on the field's number alone and reads by the declared type whatever the wire type says
 * (lists look at it to tell packed from unpacked). `position` is a local copy of `reader.position`, written back around calls.
 */
export function generateRead(desc: DescMessage, scope: SourceScope): string {
  const cases = desc.fields.map((field) => `case ${field.number}: {\n${readField(field, scope)}\nbreak;\n}`);
  return `
function read(reader, message, depth, group) {
  if (depth > runtime.recursionLimit) throw runtime.tooDeep();
  if (++reader.objects > reader.maxObjects) throw runtime.tooManyObjects(reader.maxObjects);
  const bytes = reader.bytes, end = reader.end;
  let position = reader.position;
  while (position < end) {
    let tag = bytes[position];
    if (tag < 128) position++;
    else { reader.position = position; tag = reader.tag(); position = reader.position; }
    if (tag < 8 || (tag & 7) > 3) {
      if ((tag & 7) === 4 && group !== 0) {
        if (tag >>> 3 !== group) throw runtime.badGroup(group, tag >>> 3);
        reader.position = position;
        return;
      }
      if (tag < 8 || (tag & 7) > 5) throw runtime.badTag(tag);
    }
    switch (tag >>> 3) {
      ${cases.join("\n")}
      default:
        reader.position = position;
        runtime.pushUnknown(reader, message, tag, depth);
        position = reader.position;
    }
  }
  if (group !== 0) throw runtime.badGroup(group, 0);
  reader.position = position;
}`;
}

function readField(field: DescField, scope: SourceScope): string {
  switch (field.fieldKind) {
    case "scalar":
      return readScalar(field.scalar, field, "end", (value) => assign(field, value));
    case "enum":
      return readScalar(ScalarType.INT32, field, "end", (value) => {
        if (field.enum.open) {
          return assign(field, value);
        }
        const known = scope.constant(new Set(field.enum.values.map((entry) => entry.number)));
        const number = scope.variable("number");
        return `const ${number} = ${value};
        if (${known}.has(${number})) { ${assign(field, number)} }
        else runtime.pushUnknownEnum(reader, message, tag, ${number});`;
      });
    case "message":
      return readSingularMessage(field, scope);
    case "list":
      return readList(field, scope);
    case "map":
      return readMap(field, scope);
  }
}

function assign(field: DescField, value: string): string {
  const property = JSON.stringify(field.localName);
  return field.oneof
    ? `message[${JSON.stringify(field.oneof.localName)}] = { case: ${property}, value: ${value} };`
    : `message[${property}] = ${value};`;
}

function readSingularMessage(field: DescField & { fieldKind: "message" }, scope: SourceScope): string {
  const property = JSON.stringify(field.localName);
  let previous = `message[${property}]`;
  let prologue = "";
  if (field.oneof) {
    prologue = `const oneof = message[${JSON.stringify(field.oneof.localName)}];`;
    previous = `oneof.case === ${property} ? oneof.value : undefined`;
  }
  return `${prologue}
  const previous = ${previous};
  const child = ${messageFromLocal(field, "previous", scope)};
  ${readChild(field, "child", scope)}
  ${assign(field, localFromMessage(field, "child"))}`;
}

/** An expression for the message that a field's value (or its absence) stands for, to be read into. */
function messageFromLocal(field: DescField & { message: DescMessage }, local: string, scope: SourceScope): string {
  const unit = scope.unit(field.message);
  switch (localForm(field)) {
    case LocalForm.Json:
      return `runtime.structFromJson(${local})`;
    case LocalForm.Wrapper:
      return `(() => { const wrapper = ${unit}.make(); if (${local} !== undefined) wrapper.value = ${local}; return wrapper; })()`;
    default:
      return `${local} === undefined ? ${unit}.make() : ${local}`;
  }
}

function localFromMessage(field: DescField & { message: DescMessage }, message: string): string {
  switch (localForm(field)) {
    case LocalForm.Json:
      return `runtime.jsonFromStruct(${message})`;
    case LocalForm.Wrapper:
      return `${message}.value`;
    default:
      return message;
  }
}

/** Statements that read a message's bytes at `position` into `child`. */
function readChild(
  field: DescField & { fieldKind: "message" | "list"; message: DescMessage },
  child: string,
  scope: SourceScope,
): string {
  const unit = scope.unit(field.message);
  if (field.delimitedEncoding) {
    return `reader.position = position;
    ${unit}.read(reader, ${child}, depth + 1, ${field.number});
    position = reader.position;`;
  }
  return readLengthDelimitedChild(unit, child, "end");
}

function readLengthDelimitedChild(unit: string, child: string, end: string): string {
  return `${readLength("childLength", end)}
  reader.position = position;
  reader.end = position + childLength;
  ${unit}.read(reader, ${child}, depth + 1, 0);
  reader.end = ${end};
  position += childLength;`;
}

/** Statements that read a length at `position` into a new variable and check that so much is there. */
export function readLength(name: string, end: string): string {
  return `let ${name};
  if (position < ${end} && bytes[position] < 128) ${name} = bytes[position++];
  else { reader.position = position; ${name} = reader.uint32(); position = reader.position; }
  if (${name} > ${end} - position) throw runtime.badLength(${name}, ${end} - position);`;
}

function readList(field: DescField & { fieldKind: "list" }, scope: SourceScope): string {
  const items = `const items = message[${JSON.stringify(field.localName)}];`;
  if (field.listKind === "message") {
    return `${items}
    const child = ${localForm(field) === LocalForm.Json ? "runtime.structFromJson(undefined)" : `${scope.unit(field.message)}.make()`};
    ${readChild(field, "child", scope)}
    items.push(${localFromMessage(field, "child")});`;
  }
  const scalar = field.listKind === "enum" ? ScalarType.INT32 : field.scalar;
  const push = (value: string) => `items.push(${value});`;
  const single = readScalar(scalar, field, "end", push);
  if (scalar === ScalarType.STRING || scalar === ScalarType.BYTES) {
    const count = "if (++reader.objects > reader.maxObjects) throw runtime.tooManyObjects(reader.maxObjects);";
    return `${items}\n${scalar === ScalarType.BYTES ? count : ""}\n${single}`;
  }
  // What the packed list ends at bounds its elements too, or the last one could take bytes of what follows.
  return `${items}
  if ((tag & 7) === 2) {
    ${readLength("packedLength", "end")}
    const stop = position + packedLength;
    reader.end = stop;
    while (position < stop) {
      ${readScalar(scalar, field, "stop", push)}
    }
    reader.end = end;
  } else {
    ${single}
  }`;
}

function readMap(field: DescField & { fieldKind: "map" }, scope: SourceScope): string {
  return `
  const record = message[${JSON.stringify(field.localName)}];
  ${readLength("entryLength", "end")}
  const stop = position + entryLength;
  reader.end = stop;
  let entryKey, entryValue;
  while (position < stop) {
    reader.position = position;
    const entryTag = reader.tag();
    position = reader.position;
    switch (entryTag >>> 3) {
      case 1: {
        ${readScalar(field.mapKey, field, "stop", (value) => `entryKey = ${value};`)}
        break;
      }
      case 2: {
        ${readMapValue(field, scope)}
        break;
      }
      default:
        reader.skip(entryTag, runtime.recursionLimit - depth);
        position = reader.position;
    }
  }
  reader.end = end;
  if (entryKey === undefined) entryKey = ${zeroKey(field.mapKey)};
  if (entryValue === undefined) entryValue = ${zeroMapValue(field, scope)};
  ${field.mapKey === ScalarType.STRING ? "runtime.setOwn(record, entryKey, entryValue);" : "record[entryKey] = entryValue;"}`;
}

function readMapValue(field: DescField & { fieldKind: "map" }, scope: SourceScope): string {
  const set = (value: string) => `entryValue = ${value};`;
  switch (field.mapKind) {
    case "scalar":
      return readScalar(field.scalar, field, "stop", set);
    case "enum":
      return readScalar(ScalarType.INT32, field, "stop", set);
    case "message":
      return `const child = ${messageFromLocal(field, "entryValue", scope)};
      ${readLengthDelimitedChild(scope.unit(field.message), "child", "stop")}
      entryValue = ${localFromMessage(field, "child")};`;
  }
}

function zeroKey(scalar: ScalarType): string {
  return scalar === ScalarType.STRING ? '""' : scalar === ScalarType.BOOL ? "false" : "0";
}

function zeroMapValue(field: DescField & { fieldKind: "map" }, scope: SourceScope): string {
  switch (field.mapKind) {
    case "enum":
      return literal(field.enum.values[0]?.number ?? 0, scope);
    case "message":
      return localForm(field) === LocalForm.Json ? "{}" : `${scope.unit(field.message)}.make()`;
    case "scalar":
      return zeroScalar(field.scalar);
  }
}

function zeroScalar(scalar: ScalarType): string {
  switch (scalar) {
    case ScalarType.STRING:
      return '""';
    case ScalarType.BOOL:
      return "false";
    case ScalarType.BYTES:
      return "new Uint8Array(0)";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "0n";
    default:
      return "0";
  }
}
