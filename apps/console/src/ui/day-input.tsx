import { useRef } from "react";
import { Icon } from "./icon.tsx";
import "./day-input.css";

/** A day, `2026-11-22`. */
export interface DayInputProps {
  readonly value: string;
  /** The last day that may be chosen. */
  readonly max: string;
  readonly label: string;
  /** Empty where it was cleared. */
  readonly onChange: (day: string) => void;
}

/**
 * A day, written the same in every language and browser; a click opens the browser's own calendar, and the arrow keys change it. The browser's input lies
 * over the text, unseen: it would write the day as the browser's language does, not the page's.
 */
export function DayInput({ value, max, label, onChange }: DayInputProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <span className="day-input">
      <span aria-hidden="true">{value}</span>
      <Icon name="calendar" size={14} />
      <input
        ref={input}
        type="date"
        aria-label={label}
        value={value}
        max={max}
        onClick={() => input.current?.showPicker?.()}
        onChange={(event) => onChange(event.target.value)}
      />
    </span>
  );
}
