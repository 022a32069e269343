import { Icon } from "./icon.tsx";

/** The small arrow that opens a row. */
export interface ExpanderProps {
  readonly open: boolean;
  readonly label: string;
  readonly onToggle: () => void;
  /** The id of what it opens. */
  readonly controls?: string;
}

/** The small arrow that opens a row. */
export function Expander({ open, label, onToggle, controls }: ExpanderProps) {
  return (
    <button
      type="button"
      className="bare expander"
      aria-expanded={open}
      aria-controls={open ? controls : undefined}
      aria-label={label}
      onClick={onToggle}
    >
      <Icon name="chevron" size={13} />
    </button>
  );
}
