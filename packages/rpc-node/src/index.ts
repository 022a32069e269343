export type { ChannelTarget } from "./channel/channel-connection.ts";
export type { ChannelTls } from "./channel/channel-tls.ts";
export { type Channel, type ChannelOptions, type ChannelState, createChannel } from "./channel/create-channel.ts";
export { callHttpJson, type HttpJsonRequest, type HttpJsonResult } from "./http-json/call-http-json.ts";
export {
  type ChannelLimits,
  defaultChannelLimits,
  defaultListenerLimits,
  type ListenerLimits,
  type PartialLimits,
} from "./limits.ts";
export { type Listener, type ListenerOptions, listen } from "./listen.ts";
export type { ListenerTls } from "./listener-tls.ts";
