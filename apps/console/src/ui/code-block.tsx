import { CopyButton } from "./copy-button.tsx";
import "./code-block.css";

/** What stands in a block of code, and what its button is called. */
export interface CodeBlockProps {
  readonly code: string;
  readonly copyLabel: string;
  readonly doneLabel: string;
}

/** Text for a terminal or a file, with a button that copies it. */
export function CodeBlock({ code, copyLabel, doneLabel }: CodeBlockProps) {
  return (
    <div className="code-block">
      <pre>{code}</pre>
      <CopyButton text={code} label={copyLabel} doneLabel={doneLabel} />
    </div>
  );
}
