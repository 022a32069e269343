/** What a curve shows of a gauge's values in one step; a counter's are always added up. */
export const Statistic = { Mean: "mean", Min: "min", Max: "max", Last: "last" } as const;
export type Statistic = (typeof Statistic)[keyof typeof Statistic];

/** How gauges of several instances become one curve; counters are always added up. */
export const Across = { Sum: "sum", Mean: "mean", Min: "min", Max: "max" } as const;
export type Across = (typeof Across)[keyof typeof Across];

/** Which curves one attribute has. */
export const MetricSplit = { None: "none", Instance: "instance", Host: "host" } as const;
export type MetricSplit = (typeof MetricSplit)[keyof typeof MetricSplit];
