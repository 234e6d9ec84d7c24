// Colours that stay apart: hues by organ system, lightness and chroma by tissue, made in OKLCH.

const SOURCES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c6bb1", "#b8a000"];
const LIGHTS = [0.64, 0.76, 0.52, 0.70, 0.58];
const CHROMAS = [0.165, 0.125, 0.135, 0.15, 0.115];

/** OKLCH to [r, g, b] in 0..255 (Ottosson 2020), clipped to what a screen shows. */
export function oklch(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180), b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s, -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s];
  return linear.map((v) => Math.round(255 * Math.min(1, Math.max(0, v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055))));
}

const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
const fromHex = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

/** Colours by tissue, organ system and source: {tissue: {name: {rgb, css}}, ...}. */
export function palette(about) {
  const systems = [...new Set(about.tissues.map((t) => t.organ_system))].sort();
  const tissue = {}, system = {};
  const ordered = [...about.tissues].sort((a, b) => a.organ_system.localeCompare(b.organ_system) || a.tissue.localeCompare(b.tissue));
  const hue = (i, n) => (22 + (360 * i) / Math.max(n, 1)) % 360;
  systems.forEach((name, i) => { system[name] = oklch(LIGHTS[i % 2], CHROMAS[i % 2], hue(i, systems.length)); });
  const within = {};
  ordered.forEach((t, i) => {
    const place = (within[t.organ_system] = (within[t.organ_system] ?? -1) + 1);
    const turn = systems.length > 1 ? hue(systems.indexOf(t.organ_system), systems.length) + ((place % 3) - 1) * 9 : hue(i, ordered.length);
    const level = systems.length > 1 ? place : i;
    tissue[t.tissue] = oklch(LIGHTS[level % LIGHTS.length], CHROMAS[level % CHROMAS.length], turn);
  });
  const source = Object.fromEntries(about.sources.map((name, i) => [name, fromHex(SOURCES[i % SOURCES.length])]));
  const both = (of) => Object.fromEntries(Object.entries(of).map(([name, rgb]) => [name, { rgb, css: css(rgb) }]));
  return { tissue: both(tissue), organ_system: both(system), source: both(source) };
}
