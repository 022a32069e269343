import { useTranslation } from "react-i18next";
import { formatDateTime } from "../../lib/format.ts";
import { chosenRange, type OwnRange, widerRange } from "../../lib/own-range.ts";
import { serverNow } from "../../lib/server-clock.ts";
import { DayInput } from "../../ui/day-input.tsx";
import { Icon } from "../../ui/icon.tsx";

/** The range of one's own that is shown. */
export interface OwnRangeInputProps {
  readonly range: OwnRange;
  readonly onChange: (range: OwnRange) => void;
}

/** From when until when, by the minute, and a button for twice as long. */
export function OwnRangeInput({ range, onChange }: OwnRangeInputProps) {
  const { t } = useTranslation();
  const max = textOf(serverNow());
  const set = (change: Partial<OwnRange>) => {
    const { from, until } = { ...range, ...change };
    onChange(chosenRange(from, until, serverNow()));
  };
  return (
    <span className="row-flex" style={{ gap: 4 }}>
      <DayInput
        label={t("range.from")}
        value={textOf(range.from)}
        max={max}
        withTime
        onChange={(text) => set(momentOf(text, "from"))}
      />
      –
      <DayInput
        label={t("range.until")}
        value={textOf(range.until)}
        max={max}
        withTime
        onChange={(text) => set(momentOf(text, "until"))}
      />
      <button
        type="button"
        className="bare"
        aria-label={t("range.wider")}
        title={t("range.wider")}
        onClick={() => onChange(widerRange(range, serverNow()))}
      >
        <Icon name="zoomOut" />
      </button>
    </span>
  );
}

function textOf(ms: number): string {
  return formatDateTime(ms).slice(0, 16).replace(" ", "T");
}

/** Nothing where the input was cleared: the range stays as it is. */
function momentOf(text: string, end: keyof OwnRange): Partial<OwnRange> {
  const ms = new Date(text).getTime();
  return Number.isNaN(ms) ? {} : { [end]: ms };
}
