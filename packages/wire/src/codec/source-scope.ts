import type { DescMessage } from "@bufbuild/protobuf";
import type { Runtime } from "./runtime.ts";
import type { TypeUnit } from "./type-unit.ts";

/** The values that generated source refers to by name. */
export class SourceScope {
  readonly #names: string[] = [];
  readonly #values: unknown[] = [];
  readonly #unitNames = new Map<DescMessage, string>();
  readonly #unitOf: (desc: DescMessage) => TypeUnit;
  #variables = 0;

  /** @param unitOf  gives the functions of another message type */
  constructor(unitOf: (desc: DescMessage) => TypeUnit) {
    this.#unitOf = unitOf;
  }

  /** A name for a value that cannot stand in source as a literal. */
  constant(value: unknown): string {
    const name = `constant${this.#names.length}`;
    this.#names.push(name);
    this.#values.push(value);
    return name;
  }

  /** A name for the generated functions of a message type. */
  unit(desc: DescMessage): string {
    let name = this.#unitNames.get(desc);
    if (name === undefined) {
      name = this.constant(this.#unitOf(desc));
      this.#unitNames.set(desc, name);
    }
    return name;
  }

  /** A name that nothing else in this source has. */
  variable(purpose: string): string {
    return `${purpose}${this.#variables++}`;
  }

  /** Run the source, which returns a type's functions. */
  evaluate(source: string, runtime: Runtime): TypeUnit {
    const build = new Function("runtime", ...this.#names, `"use strict";\n${source}`);
    return build(runtime, ...this.#values) as TypeUnit;
  }
}
