export { Health } from "../gen/grpc/health/v1/health_pb.js";
export type { ChannelTarget } from "./channel/channel-connection.ts";
export type { ChannelTls } from "./channel/channel-tls.ts";
export { type Channel, type ChannelOptions, type ChannelState, createChannel } from "./channel/create-channel.ts";
export type { ExternalAnswer } from "./external/external-call.ts";
export {
  createExternalChannel,
  type ExternalCallOptions,
  type ExternalChannel,
  type ExternalChannelOptions,
} from "./external/external-channel.ts";
export type { ExternalCodec, ExternalTarget } from "./external/external-codec.ts";
export { defaultExternalLimits, type ExternalLimits } from "./external/external-limits.ts";
export { createGrpcChannel, type GrpcChannel, type GrpcChannelOptions } from "./grpc/create-grpc-channel.ts";
export { compressRequest } from "./grpc/request-compression.ts";
export { callHttpJson, type HttpJsonRequest, type HttpJsonResult } from "./http-json/call-http-json.ts";
export { limitPeers, type PeerLimits } from "./limit-peers.ts";
export {
  type ChannelLimits,
  defaultChannelLimits,
  defaultListenerLimits,
  type ListenerLimits,
  listenerLimitsFromNames,
  type PartialLimits,
} from "./limits.ts";
export { type Listener, type ListenerOptions, listen, type RefusedCounts } from "./listen.ts";
export type { ListenerTls } from "./listener-tls.ts";
export { createUdpChannel, type UdpChannel, type UdpChannelOptions } from "./udp/create-udp-channel.ts";
export type { UdpCounts, UdpOptions } from "./udp/udp-server.ts";
