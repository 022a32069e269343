import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Palette, palettes } from "./tokens.ts";

const css = readFileSync(`${import.meta.dirname}/tokens.css`, "utf8");

function customProperties(scheme: string): Map<string, string> {
  const block = css.split(`:root[data-theme="${scheme}"] {`)[1]?.split("}")[0] ?? "";
  return new Map([...block.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1]!, match[2]!]));
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

for (const scheme of ["light", "dark"] as const) {
  test(`the ${scheme} palette is the same in code and in CSS`, () => {
    const properties = customProperties(scheme);
    const { curves, ...colours } = palettes[scheme];
    for (const [name, colour] of Object.entries(colours)) {
      const property = name
        .replace(/([A-Z])/g, "-$1")
        .replace(/(\d)/, "-$1")
        .toLowerCase();
      expect([name, properties.get(property)]).toEqual([name, colour]);
    }
    curves.forEach((colour, index) => {
      expect(properties.get(`curve-${index + 1}`)).toBe(colour);
    });
  });

  test(`text and states of the ${scheme} palette are readable on every ground (WCAG AA)`, () => {
    const grounds = ["canvas", "surface", "raised"] as const;
    const texts = ["ink", "ink2", "ink3", "accent", "ok", "warn", "fail"] as const satisfies (keyof Palette)[];
    const properties = customProperties(scheme);
    for (const ground of grounds) {
      for (const text of texts) {
        expect(contrast(palettes[scheme][text], palettes[scheme][ground]), `${text} on ${ground}`).toBeGreaterThan(4.5);
      }
    }
    for (const state of ["ok", "warn", "fail", "accent"] as const) {
      expect(
        contrast(palettes[scheme][state], properties.get(`${state}-soft`)!),
        `${state} on its soft ground`,
      ).toBeGreaterThan(4.5);
    }
  });
}
