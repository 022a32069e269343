/** What a document points at: a link's target, or a path of the repository that it names in `code`. */
export interface Reference {
  readonly kind: "link" | "path";
  readonly target: string;
  readonly line: number;
}

const topDirectories = "\\.ci|apps|benchmarks|bin|conformance|docs|e2e|examples|packages|scripts";
const linkPattern = /\[[^\]]*\]\(([^()\s]+)(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s+(\S+)|\b(?:src|srcset|href)="([^"]+)"/g;
const pathPattern = new RegExp(`^(?:${topDirectories})/[\\w./@-]+$`);

/** The links and named paths of a Markdown text, without what is inside fenced code and without links to other sites. */
export function findReferences(markdown: string): Reference[] {
  const references: Reference[] = [];
  let fence: string | undefined;
  for (const [index, text] of markdown.split("\n").entries()) {
    const mark = /^\s*(```+|~~~+)/.exec(text)?.[1];
    if (mark !== undefined && (fence === undefined || mark.startsWith(fence))) {
      fence = fence === undefined ? mark : undefined;
    } else if (fence === undefined) {
      references.push(...referencesOfLine(text, index + 1));
    }
  }
  return references;
}

function referencesOfLine(text: string, line: number): Reference[] {
  const links = [...text.replace(/`[^`]*`/g, "``").matchAll(linkPattern)]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? "")
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
    .map((target) => ({ kind: "link", target, line }) as const);
  const paths = [...text.matchAll(/`([^`]+)`/g)]
    .map((match) => match[1] ?? "")
    .filter((target) => pathPattern.test(target) && !target.includes("..."))
    .map((target) => ({ kind: "path", target, line }) as const);
  return [...links, ...paths];
}

/** The anchors of a Markdown text's headings, as GitHub makes them. */
export function findAnchors(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of markdown.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
    let unique = anchor;
    for (let n = 1; anchors.has(unique); n++) {
      unique = `${anchor}-${n}`;
    }
    anchors.add(unique);
  }
  return anchors;
}
