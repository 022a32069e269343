import { useTranslation } from "react-i18next";

/** What one curve comes to, what it came to before, or by how much they differ. */
export interface SumRow {
  readonly key: string;
  readonly what: string;
  /** It goes with the row above. */
  readonly isBeside: boolean;
  /** Sum, greatest, least and mean. */
  readonly texts: readonly string[];
}

/** What the table is of. */
export interface SumTableProps {
  /** What the rows are: the head of their names. */
  readonly of: string;
  readonly rows: readonly SumRow[];
  /** Names in the fixed-width face, as those of instances are. */
  readonly mono?: boolean;
}

/** Sum, greatest, least and mean of curves. */
export function SumTable({ of, rows, mono = false }: SumTableProps) {
  const { t } = useTranslation();
  return (
    <table className="grid sums" aria-label={t("monitor.summary")}>
      <thead>
        <tr>
          <th>{of}</th>
          <th className="num">{t("monitor.sum")}</th>
          <th className="num">{t("monitor.max")}</th>
          <th className="num">{t("monitor.min")}</th>
          <th className="num" title={t("monitor.meanOf")}>
            {t("monitor.mean")}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, what, isBeside, texts }) => (
          <tr key={key} className="row">
            <td className={isBeside ? "beside muted" : mono ? "mono" : ""}>{what}</td>
            {texts.map((text, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: four columns that stay where they are
              <td key={column} className={isBeside ? "num muted" : "num"}>
                {text}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
