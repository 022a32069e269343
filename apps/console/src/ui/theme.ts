import { type ThemeConfig, theme } from "antd";
import { palettes, type Scheme } from "./tokens.ts";

/**
 * antd's theme in our own design language: 13 px, compact, thin borders, flat, our palette.
 *
 * @param scheme light or dark
 */
export function antdTheme(scheme: Scheme): ThemeConfig {
  const palette = palettes[scheme];
  return {
    algorithm: scheme === "dark" ? theme.darkAlgorithm : theme.defaultAlgorithm,
    hashed: false,
    token: {
      fontFamily: "var(--sans)",
      fontFamilyCode: "var(--mono)",
      fontSize: 13,
      borderRadius: 5,
      wireframe: false,
      controlHeight: 28,
      controlHeightSM: 24,
      fontSizeSM: 12,
      colorPrimary: scheme === "dark" ? "#7d88f5" : palette.accent,
      colorLink: palette.accent,
      colorSuccess: palette.ok,
      colorWarning: palette.warn,
      colorError: palette.fail,
      colorText: palette.ink,
      colorTextSecondary: palette.ink2,
      colorTextPlaceholder: palette.ink3,
      colorBgBase: palette.surface,
      colorBgContainer: palette.surface,
      colorBgElevated: palette.raised,
      colorBorder: palette.lineStrong,
      colorBorderSecondary: palette.line,
      controlItemBgActive: scheme === "dark" ? "#23284a" : "#eceefb",
      // What cannot be used stands back, in the dark scheme too.
      colorBgContainerDisabled: scheme === "dark" ? palette.surface : palette.canvas,
      colorBorderDisabled: palette.line,
      motionDurationMid: "0.12s",
      motionDurationSlow: "0.16s",
    },
    components: {
      Button: {
        fontWeight: 500,
        primaryShadow: "none",
        defaultShadow: "none",
        dangerShadow: "none",
        // White on the light accents of the dark scheme would be too weak to read.
        ...(scheme === "dark" ? { primaryColor: "#0d0f12", dangerColor: "#1a0f0d" } : {}),
      },
      Input: { paddingInline: 9, paddingInlineSM: 8 },
      Segmented: {
        trackBg: scheme === "dark" ? "#1a1d21" : "#ecece8",
        itemSelectedBg: scheme === "dark" ? "#31373e" : palette.raised,
        trackPadding: 2,
      },
      Switch: { trackHeightSM: 14, trackMinWidthSM: 26, handleSizeSM: 10 },
      Tooltip: { colorBgSpotlight: scheme === "dark" ? "#2b3036" : "#26282c", fontSize: 12 },
    },
  };
}
