export { type Codec, compileCodec } from "./codec/codec.ts";
export { colorIdFromMethod } from "./color-id.ts";
export {
  beginFrame,
  createFrameSpan,
  defaultFrameLimits,
  describeFrameFault,
  encodeFrame,
  endFrame,
  endHead,
  FrameFault,
  type FrameLimits,
  type FrameSpan,
  FrameState,
  frameOverheadBytes,
  parseFrame,
} from "./frame.ts";
export { defaultHeadLimits, HeadFeature, type HeadLimits, type MetadataEntry, RpcHead } from "./head.ts";
export { HeadDecoder } from "./head-decoder.ts";
export {
  encodeCancelHead,
  encodeResponseHead,
  RequestHeadEncoder,
  type RequestHeadFields,
  type ResponseHeadFields,
} from "./head-encoder.ts";
export { compileJsonCodec, type JsonCodec } from "./json/json-codec.ts";
export type { KnownText } from "./recent-text.ts";
export { bigintFromHalves, type Uint64, uint64FromHalves } from "./uint64.ts";
export { WireError, WireReason } from "./wire-error.ts";
export { Writer } from "./writer.ts";
