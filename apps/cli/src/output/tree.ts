/** A node of a tree that is shown as text. */
export interface TreeNode {
  readonly text: string;
  readonly children: readonly TreeNode[];
}

/** Lines of a forest, with branches drawn before the children: `├─`, `└─`. */
export function treeLines(nodes: readonly TreeNode[]): string[] {
  return nodes.flatMap((node) => [node.text, ...childLines(node.children)]);
}

function childLines(nodes: readonly TreeNode[]): string[] {
  return nodes.flatMap((node, index) => {
    const last = index === nodes.length - 1;
    const [first = "", ...rest] = [...node.text.split("\n"), ...childLines(node.children)];
    return [`${last ? "└─ " : "├─ "}${first}`, ...rest.map((line) => `${last ? "   " : "│  "}${line}`)];
  });
}
