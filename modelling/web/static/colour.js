// Colours that stay apart: hues by organ system; within one, lightness, chroma and hue chosen so that no two tissues come near each other in OKLab.

const SOURCES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c6bb1", "#b8a000", "#5a5a5a", "#7fb800", "#a14a76", "#3aa6a0", "#9a6324"];
const LIGHTS = [0.48, 0.54, 0.60, 0.66, 0.72, 0.78, 0.83];
const CHROMAS = [0.07, 0.11, 0.15, 0.19];
const TURNS = [-13, -6.5, 0, 6.5, 13];
export const FORMS = 5; // circle, square, triangle, diamond, cross

const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

/** OKLCH to [r, g, b] in 0..255 (Ottosson 2020), clipped to what a screen shows. */
export function oklch(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180), b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const rgb = [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s, -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s];
  return rgb.map((v) => Math.round(255 * Math.min(1, Math.max(0, v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055))));
}

/** [r, g, b] in 0..255 to OKLab: distances there are as large as eyes see them. */
export function oklab(rgb) {
  const [r, g, b] = rgb.map((v) => linear(v / 255));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s];
}

export const distance = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
const fromHex = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const named = (rgb, form = 0) => ({ rgb, css: css(rgb), form });

/** The candidate that is farthest from those of its own system, then from all others. */
function farthest(candidates, own, all) {
  let best = null, most = -1;
  for (const one of candidates) {
    const near = Math.min(0.2, ...own.map((other) => distance(one.lab, other))), far = Math.min(0.12, ...all.map((other) => distance(one.lab, other)));
    if (near + 0.5 * far > most) { most = near + 0.5 * far; best = one; }
  }
  return best;
}

/** Colours by tissue, organ system and source: {tissue: {name: {rgb, css, form}}, ...}. */
export function palette(about) {
  const systems = [...new Set(about.tissues.map((t) => t.organ_system))].sort(), tissue = {}, organ_system = {}, all = [];
  const hue = (i) => (22 + (360 * i) / Math.max(systems.length, 1)) % 360;
  systems.forEach((name, i) => {
    organ_system[name] = named(oklch(i % 2 ? 0.74 : 0.6, i % 2 ? 0.125 : 0.165, hue(i)), Math.floor(i / 2) % FORMS);
    const turns = systems.length > 2 ? TURNS : Array.from({ length: 24 / systems.length }, (_, k) => (k * 15) - (systems.length > 1 ? 90 : 0));
    const candidates = turns.flatMap((turn) => LIGHTS.flatMap((l) => CHROMAS.map((c) => { const rgb = oklch(l, c, hue(i) + turn); return { rgb, lab: oklab(rgb) }; })));
    const own = [];
    about.tissues.filter((t) => t.organ_system === name).map((t) => t.tissue).sort().forEach((one, place) => {
      const chosen = farthest(candidates, own, all);
      own.push(chosen.lab); all.push(chosen.lab);
      tissue[one] = named(chosen.rgb, place % FORMS);
    });
  });
  return { tissue, organ_system, source: many(about.sources) };
}

export const OTHER = "other"; // what is too rare to be named

/** Colours of a few values; all others together stand back. */
export const many = (values) => Object.fromEntries(values.map((name, i) => [name, name === OTHER ? named(fromHex("#8a929c")) : named(fromHex(SOURCES[i % SOURCES.length]), i % FORMS)]));

/** Dark to light with one turn of hue, for a measure between 0 and 1; on a `dark` page its low end is lighter, to be seen at all. */
export function scale(share, dark = false) {
  const t = Math.min(1, Math.max(0, share)), low = dark ? 0.45 : 0.3;
  return oklch(low + ((dark ? 0.95 : 0.88) - low) * t, 0.09 + 0.07 * Math.sin(Math.PI * t), 290 - 190 * t);
}
