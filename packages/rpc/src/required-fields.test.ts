import assert from "node:assert/strict";
import { test } from "node:test";
import { create, createFileRegistry, type DescMessage, fromJson } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { compileCodec } from "@msec/wire";
import { requiredCheck } from "./required-fields.ts";

const field = (number: number, name: string, label: Label, typeName?: string) =>
  typeName === undefined
    ? { number, name, label, type: Type.INT32 }
    : { number, name, label, type: Type.MESSAGE, typeName };

const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      {
        name: "required.proto",
        package: "r",
        syntax: "proto2",
        messageType: [
          { name: "Leaf", field: [field(1, "id", Label.REQUIRED)] },
          {
            name: "Tree",
            field: [
              field(1, "name", Label.OPTIONAL),
              field(2, "leaf", Label.OPTIONAL, ".r.Leaf"),
              field(3, "leaves", Label.REPEATED, ".r.Leaf"),
              field(4, "inner", Label.OPTIONAL, ".r.Tree"),
              field(5, "by_name", Label.REPEATED, ".r.Tree.ByNameEntry"),
              { ...field(6, "chosen", Label.OPTIONAL, ".r.Leaf"), oneofIndex: 0 },
            ],
            oneofDecl: [{ name: "choice" }],
            nestedType: [
              {
                name: "ByNameEntry",
                options: { mapEntry: true },
                field: [
                  { number: 1, name: "key", label: Label.OPTIONAL, type: Type.STRING },
                  field(2, "value", Label.OPTIONAL, ".r.Leaf"),
                ],
              },
            ],
          },
          { name: "Plain", field: [field(1, "number", Label.OPTIONAL), field(2, "inner", Label.OPTIONAL, ".r.Plain")] },
        ],
      },
    ].map((file) => create(FileDescriptorProtoSchema, file as never)),
  }),
);
const type = (name: string): DescMessage => registry.getMessage(`r.${name}`)!;

test("a missing required field is named by its path, at every depth, however the message came", () => {
  const check = requiredCheck(type("Tree"))!;
  for (const [json, missing] of [
    [{ name: 1 }, undefined],
    [
      { leaf: { id: 0 }, leaves: [{ id: 1 }], inner: { inner: {} }, by_name: { a: { id: 1 } }, chosen: { id: 1 } },
      undefined,
    ],
    [{ leaf: {} }, "leaf.id"],
    [{ leaves: [{ id: 1 }, {}] }, "leaves[1].id"],
    [{ inner: { inner: { leaf: {} } } }, "inner.inner.leaf.id"],
    [{ by_name: { a: { id: 1 }, b: {} } }, "by_name[b].id"],
    [{ chosen: {} }, "chosen.id"],
  ] as const) {
    assert.equal(check(fromJson(type("Tree"), json as never)), missing, JSON.stringify(json));
  }
  // Tree { leaf {} }, and Leaf { id: 0 }, as bytes.
  assert.equal(check(compileCodec(type("Tree")).decode(Uint8Array.of(0x12, 0), 0, 2) as object), "leaf.id");
  assert.equal(
    requiredCheck(type("Leaf"))!(compileCodec(type("Leaf")).decode(Uint8Array.of(8, 0), 0, 2) as object),
    undefined,
  );
});

test("types that can lack none, at no depth, have no check", () => {
  assert.equal(requiredCheck(type("Plain")), undefined);
});
