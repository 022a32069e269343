import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useScheme } from "../../lib/preferences.ts";
import type { CurveChartProps } from "../../ui/curve-chart.tsx";
import { Loading } from "../../ui/notice.tsx";

// uPlot comes with the first chart, not with the first page.
const CurveChart = lazy(async () => ({ default: (await import("../../ui/curve-chart.tsx")).CurveChart }));

/** A chart with its heading; loads the chart library when it is first needed. */
export function LazyChart({
  title,
  unit,
  ...props
}: Omit<CurveChartProps, "scheme"> & { readonly title: string; readonly unit: string }) {
  const { t } = useTranslation();
  const scheme = useScheme();
  return (
    <figure className="chart">
      <figcaption>
        <strong>{title}</strong> <span className="muted">{unit}</span>
      </figcaption>
      <Suspense fallback={<Loading label={t("curves.loading")} lines={6} />}>
        <CurveChart {...props} scheme={scheme} />
      </Suspense>
    </figure>
  );
}
