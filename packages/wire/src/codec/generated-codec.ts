import { create, type DescMessage } from "@bufbuild/protobuf";
import { Reader } from "../reader.ts";
import type { Codec } from "./codec.ts";
import { encodeFailure } from "./encode-failure.ts";
import { generateMake } from "./generate-make.ts";
import { generateRead } from "./generate-read.ts";
import { generateWrite } from "./generate-write.ts";
import { runtime } from "./runtime.ts";
import { SourceScope } from "./source-scope.ts";
import type { TypeUnit } from "./type-unit.ts";

const units = new WeakMap<DescMessage, TypeUnit>();

/** Whether this realm may turn text into code. */
export function canGenerate(): boolean {
  try {
    return new Function("return true")() === true;
  } catch {
    // EvalError: a Content-Security-Policy, or Node's own switch.
    return false;
  }
}

/**
 * The functions for a type, generated once together with those of every type it contains.
 *
 * Generated code is worth its oddness: each property access sees one object shape and each branch one type, so that the
 * engine compiles a straight line. Closures over field descriptors (as `@bufbuild/protobuf` has them) share their code between all fields
 * of all types, and every access in them becomes a hash look-up.
 */
export function unitOf(desc: DescMessage): TypeUnit {
  let unit = units.get(desc);
  if (unit === undefined) {
    unit = {} as TypeUnit;
    // Registered before its source is made: a field may have this very type.
    units.set(desc, unit);
    const scope = new SourceScope(unitOf);
    const sample = create(desc);
    const source = [
      generateMake(desc, sample, scope),
      generateRead(desc, scope),
      generateWrite(desc, sample, scope),
      "return { make, read, write };",
    ].join("\n");
    Object.assign(unit, scope.evaluate(source, runtime));
  }
  return unit;
}

// One for all codecs: decoding calls no foreign code, so it is never entered twice.
const reader = new Reader();

/** A codec of generated code. Everything it puts into the source is a literal made by `JSON.stringify` or a name of its own. */
export function generateCodec(desc: DescMessage): Codec {
  const unit = unitOf(desc);
  const { make, read, write } = unit;
  return {
    desc,
    encode(fields, writer) {
      const start = writer.position;
      try {
        write(writer, fields);
      } catch (error) {
        writer.truncate(start);
        throw encodeFailure(desc, error);
      }
    },
    decode(bytes, start, end) {
      reader.reset(bytes, start, end);
      const message = make();
      read(reader, message, 1, 0);
      return message;
    },
  };
}
