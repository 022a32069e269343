import { createFileRegistry, type DescService, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const field = (name: string, number: number, type: string, more: JsonObject = {}): JsonObject => ({
  name,
  number,
  type: `TYPE_${type}`,
  label: "LABEL_OPTIONAL",
  ...more,
});

/** A name that no compiler of interface files lets through, for a page that must take it for text. */
export const hostileName = `<img src=x onerror="document.title='broken'">`;

/**
 * `catalog.Catalog`: methods of every kind and idempotency, and a type `Item` with a nested, a repeated and a recursive field, an enum, a map, a oneof,
 * 64-bit numbers and a field with a hostile name.
 */
export function catalogService(): DescService {
  const item: JsonObject = {
    name: "Item",
    field: [
      field("id", 1, "UINT64"),
      field("kind", 2, "ENUM", { typeName: ".catalog.Kind" }),
      field("parts", 3, "MESSAGE", { typeName: ".catalog.Item", label: "LABEL_REPEATED" }),
      field("maker", 4, "MESSAGE", { typeName: ".catalog.Maker" }),
      field("former_maker", 5, "MESSAGE", { typeName: ".catalog.Maker" }),
      field("stock", 6, "MESSAGE", { typeName: ".catalog.Item.StockEntry", label: "LABEL_REPEATED" }),
      field("price", 7, "DOUBLE", { oneofIndex: 0 }),
      field("gift", 8, "BOOL", { oneofIndex: 0 }),
      field("tags", 9, "STRING", { label: "LABEL_REPEATED" }),
      field("hostile", 10, "STRING"),
    ],
    oneofDecl: [{ name: "worth" }],
    nestedType: [
      {
        name: "StockEntry",
        field: [field("key", 1, "STRING"), field("value", 2, "INT32")],
        options: { mapEntry: true },
      },
    ],
  };
  const method = (name: string, more: JsonObject = {}): JsonObject => ({
    name,
    inputType: ".catalog.Item",
    outputType: ".catalog.Item",
    ...more,
  });
  const files = fromJson(FileDescriptorSetSchema, {
    file: [
      {
        name: "catalog.proto",
        package: "catalog",
        syntax: "proto3",
        messageType: [item, { name: "Maker", field: [field("name", 1, "STRING")] }, { name: "Nothing" }],
        enumType: [
          {
            name: "Kind",
            value: [
              { name: "KIND_UNSPECIFIED", number: 0 },
              { name: "KIND_TOOL", number: 1 },
            ],
          },
        ],
        service: [
          {
            name: "Catalog",
            method: [
              method("Get", { options: { idempotencyLevel: "NO_SIDE_EFFECTS" } }),
              method("Put", { options: { idempotencyLevel: "IDEMPOTENT", deprecated: true } }),
              method("Fail", { outputType: ".catalog.Nothing" }),
              method("Watch", { serverStreaming: true }),
            ],
          },
        ],
      },
    ],
  });
  const registry = createFileRegistry(files);
  // The library would not take it as part of a file.
  Object.assign(registry.getMessage("catalog.Item")!.field.hostile!, { name: hostileName });
  return registry.getService("catalog.Catalog")!;
}
