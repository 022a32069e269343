import { type DestinationStream, destination } from "pino";

/** What is kept of lines that cannot be written now. */
const HELD_MAX_BYTES = 64 * 1024;

/** Who hears of a file that takes no lines. */
export interface LineFileListener {
  /** It cannot be written: the first time since it could. */
  readonly onUnwritable: (error: Error) => void;
  /** A line is lost. */
  readonly onLost: () => void;
  /** It takes lines again. @param lost  lines that are missing before the next one */
  readonly onWritable: (lost: number) => void;
}

/**
 * A file of lines that never fails whoever writes to it: when the disk is full (or the file cannot be written for another reason), up to 64 KiB wait, further lines are lost and
 * counted, and it goes on where it stopped as soon as there is room; a line of which a part was written is completed first.
 *
 * Each line is written synchronously.
 *
 * @param to  path, or descriptor
 * @throws what the file system says when it cannot be opened
 */
export function lineFile(to: string | number, listener: LineFileListener): DestinationStream {
  const stream = destination({ dest: to, sync: true, mkdir: true });
  let failing = false;
  let said = false;
  let heldBytes = 0;
  let lost = 0;
  stream.on("write", () => {
    failing = false;
  });
  stream.on("error", (error) => {
    failing = true;
    if (said) return;
    said = true;
    listener.onUnwritable(error);
  });
  return {
    write(line) {
      // An empty one makes it try again to write what waits.
      let next = line;
      if (failing) {
        const bytes = Buffer.byteLength(line);
        if (heldBytes + bytes > HELD_MAX_BYTES) {
          lost++;
          next = "";
          listener.onLost();
        } else {
          heldBytes += bytes;
        }
      }
      stream.write(next);
      if (failing || !said) return;
      const missing = lost;
      said = false;
      heldBytes = 0;
      lost = 0;
      listener.onWritable(missing);
    },
  };
}
