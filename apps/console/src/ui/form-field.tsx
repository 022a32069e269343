import type { ReactNode } from "react";
import "./form-field.css";

/** One line of a form: a name, its fields, and a hint behind them. */
export interface FormFieldProps {
  readonly name: string;
  /** The field that the name belongs to, for screen readers and clicks. */
  readonly for?: string;
  readonly hint?: ReactNode;
  /** What is wrong with what is in the field; in the place of the hint, and read out at once. */
  readonly wrong?: ReactNode;
  /** The field has several lines: the name stays at its top. */
  readonly tall?: boolean;
  readonly children: ReactNode;
}

/** One line of a form. */
export function FormField({ name, for: id, hint, wrong, tall = false, children }: FormFieldProps) {
  const className = tall ? "name tall" : "name";
  return (
    <>
      {id === undefined ? (
        <span className={className}>{name}</span>
      ) : (
        <label className={className} htmlFor={id}>
          {name}
        </label>
      )}
      <div className="fields">
        {children}
        {wrong !== undefined && (
          <span className="hint fail" role="alert">
            {wrong}
          </span>
        )}
        {wrong === undefined && hint !== undefined && <span className="hint">{hint}</span>}
      </div>
    </>
  );
}
