import { Socket, type SocketConstructorOpts } from "node:net";
import { sharedReadBuffer } from "./read-buffer.ts";

/** What of Node's own socket handle is used here; none of it is documented. */
interface NodeHandle {
  useUserBuffer?: unknown;
  readStop?: () => number;
  reading?: boolean;
}

interface SocketInternals {
  _handle: NodeHandle | null;
  _server: unknown;
}

/**
 * Let an accepted socket read into the process's shared buffer, as `net.connect` can by its documented `onread` and
 * `net.createServer` cannot: its handle is moved to a new `Socket`. Saves the buffer that Node otherwise allocates for each read.
 * The gain is the prototypes' (see `read-buffer.ts`); a first comparison here, on a machine under other load, showed none beyond its noise.
 *
 * Everything else stays as it is (counted by its server, half-open, no delay). Listeners of the old socket are removed.
 *
 * @param onRead  called for each read with its bytes, which are the first `length` of the buffer; returns true, always
 * @returns the new socket, or `undefined` where this Node (or this kind of socket: TLS) does not have what it needs; the old one is
 *          then untouched and to be read as a stream
 */
export function readIntoSharedBuffer(
  socket: Socket,
  onRead: (length: number, bytes: Uint8Array) => boolean,
): Socket | undefined {
  const old = socket as unknown as SocketInternals;
  const handle = old._handle;
  if (
    socket.constructor !== Socket ||
    typeof handle?.useUserBuffer !== "function" ||
    typeof handle.readStop !== "function" ||
    !("_server" in old) ||
    socket.readableLength > 0
  ) {
    return undefined;
  }
  handle.readStop();
  handle.reading = false;
  socket.removeAllListeners();
  old._handle = null;
  const moved = new Socket({
    handle,
    allowHalfOpen: true,
    onread: { buffer: sharedReadBuffer(), callback: onRead },
  } as SocketConstructorOpts);
  (moved as unknown as SocketInternals)._server = old._server;
  old._server = null;
  return moved;
}
