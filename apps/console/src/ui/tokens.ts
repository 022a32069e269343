/** The names of the two colour schemes. */
export const Scheme = { Light: "light", Dark: "dark" } as const;
/** One of the two colour schemes. */
export type Scheme = (typeof Scheme)[keyof typeof Scheme];

/** The colours that code needs as values (antd's theme, canvas). All others live in tokens.css only. */
export interface Palette {
  readonly canvas: string;
  readonly surface: string;
  readonly raised: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly ink: string;
  readonly ink2: string;
  readonly ink3: string;
  readonly accent: string;
  readonly ok: string;
  readonly warn: string;
  readonly fail: string;
  /** One colour for each curve of a chart, in the order in which they are given out. */
  readonly curves: readonly string[];
}

/**
 * The palette, the same as the custom properties of tokens.css (a test compares them): canvas and lines are a warm
 * grey, the accent is an ultramarine that no state uses, green, amber and red mean states and nothing else.
 */
export const palettes: Readonly<Record<Scheme, Palette>> = {
  light: {
    canvas: "#f5f5f3",
    surface: "#ffffff",
    raised: "#ffffff",
    line: "#e4e4e0",
    lineStrong: "#cdcdc7",
    ink: "#1a1c1f",
    ink2: "#4d5157",
    ink3: "#696d74",
    accent: "#3a47c4",
    ok: "#16774a",
    warn: "#9a5800",
    fail: "#c2311f",
    curves: ["#3a47c4", "#0e8a84", "#b5651d", "#8b3fb0", "#5b8c1a", "#c23b78", "#2b7fc4", "#7a6a55"],
  },
  dark: {
    canvas: "#0f1113",
    surface: "#16191c",
    raised: "#1d2125",
    line: "#272b30",
    lineStrong: "#3a4047",
    ink: "#e6e8ea",
    ink2: "#b0b5bc",
    ink3: "#8f959d",
    accent: "#95a0ff",
    ok: "#4fbf86",
    warn: "#e0a443",
    fail: "#ff7d6b",
    curves: ["#8f9bff", "#3fc1b8", "#e09a55", "#c68be6", "#a3cc5a", "#f07fb0", "#6db8f2", "#b9a88f"],
  },
};
