declare module "ini" {
  /** Parse a whole file (or one line of it). */
  export function parse(text: string): Record<string, unknown>;
  /** The text that a name or value stands for: quotes and escapes resolved, comment cut off. */
  export function unsafe(text: string): string;
}
