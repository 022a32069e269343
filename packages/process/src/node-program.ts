/**
 * The Node binary to run our own programs with: the one that runs this process.
 *
 * `bin/msec.js` starts everything with the Node 24 that came by npm, and whatever it starts inherits it from there.
 */
export function nodeProgram(): string {
  return process.execPath;
}
