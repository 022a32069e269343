import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";

/**
 * What a caller or handler may give where a message is wanted: any object that has (some of) the message's fields.
 *
 * Structural on purpose: a `flight.queryFlightRequest` will do for `checkPassword({name, password})`; fields that the
 * wanted message does not have are not sent. `@bufbuild/protobuf`'s `MessageInitShape` refuses that by its `$typeName`.
 */
export type MessageFields<Desc extends DescMessage> = FieldsOf<MessageShape<Desc>>;

type FieldsOf<M> = {
  readonly [P in Exclude<keyof M, "$typeName" | "$unknown">]?: FieldValue<M[P]> | undefined;
};

type FieldValue<F> = F extends Date | Uint8Array | bigint | boolean | string | number | undefined
  ? F
  : F extends ReadonlyArray<infer Item>
    ? ReadonlyArray<FieldValue<Item>>
    : F extends Message
      ? FieldsOf<F>
      : F extends { case: infer Case extends string; value: infer Value }
        ? { readonly case: Case; readonly value: FieldValue<Value> }
        : F extends { case: undefined; value?: undefined }
          ? F
          : F extends { [key: string | number]: infer Value extends Message }
            ? { readonly [key: string | number]: FieldsOf<Value> }
            : F;
