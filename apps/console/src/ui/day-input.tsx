import { useRef } from "react";
import { Icon } from "./icon.tsx";
import "./day-input.css";

/** A day, `2026-11-22`, or with a time `2026-11-22T14:03`. */
export interface DayInputProps {
  readonly value: string;
  /** The last day, or time, that may be chosen. */
  readonly max: string;
  readonly label: string;
  /** A time of that day, too; default false. */
  readonly withTime?: boolean;
  /** Empty where it was cleared. */
  readonly onChange: (day: string) => void;
}

/**
 * A day, or a time of one, written the same in every language and browser; a click opens the browser's own calendar, and the arrow keys change it. The browser's input lies
 * over the text, unseen: it would write the day as the browser's language does, not the page's.
 */
export function DayInput({ value, max, label, withTime = false, onChange }: DayInputProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <span className="day-input">
      <span aria-hidden="true">{value.replace("T", " ")}</span>
      <Icon name="calendar" size={14} />
      <input
        ref={input}
        type={withTime ? "datetime-local" : "date"}
        aria-label={label}
        value={value}
        max={max}
        onClick={() => input.current?.showPicker?.()}
        onChange={(event) => onChange(event.target.value)}
      />
    </span>
  );
}
