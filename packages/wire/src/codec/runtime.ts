import { badLength, recursionLimit, tooDeep, truncated } from "../reader.ts";
import { decodeStrictText, decodeText } from "../text.ts";
import { int64FromHalves, smallBigints, uint64BigintFromHalves, zigZag64 } from "./int64.ts";
import { mapKeyBool, mapKeyInt32, mapKeyInt64 } from "./map-key.ts";
import { badGroup, badTag, pushUnknown, pushUnknownEnum, tooManyObjects } from "./read-rest.ts";
import { setOwn } from "./set-own.ts";
import { jsonFromStruct, structFromJson } from "./struct-json.ts";
import { bytesValue, writeBytes } from "./write-bytes.ts";
import { badType, expectArray, expectObject, missingField } from "./write-checks.ts";
import {
  writeBool,
  writeDouble,
  writeFixed32,
  writeFixed64,
  writeFloat,
  writeInt32,
  writeInt64,
  writeSfixed32,
  writeSfixed64,
  writeSint32,
  writeSint64,
  writeString,
  writeUint32,
  writeUint64,
} from "./write-scalar.ts";

/** Everything that generated source calls by name. */
export const runtime = {
  hasOwn: Object.prototype.hasOwnProperty,
  recursionLimit,
  tooDeep,
  truncated,
  badLength,
  badTag,
  badGroup,
  pushUnknown,
  pushUnknownEnum,
  tooManyObjects,
  decodeText,
  decodeStrictText,
  smallBigints,
  int64FromHalves,
  uint64BigintFromHalves,
  zigZag64,
  setOwn,
  structFromJson,
  jsonFromStruct,
  missingField,
  badType,
  expectObject,
  expectArray,
  bytesValue,
  writeBytes,
  writeBool,
  writeDouble,
  writeFixed32,
  writeFixed64,
  writeFloat,
  writeInt32,
  writeInt64,
  writeSfixed32,
  writeSfixed64,
  writeSint32,
  writeSint64,
  writeString,
  writeUint32,
  writeUint64,
  mapKeyBool,
  mapKeyInt32,
  mapKeyInt64,
};
export type Runtime = typeof runtime;
