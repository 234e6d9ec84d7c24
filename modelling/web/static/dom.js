// Elements from text only: nothing a file or archive says is ever read as HTML.

export const $ = (id) => document.getElementById(id);

/** el("p", {class: "small"}, "text", child): an element; `on...` are listeners, `colour` sets the CSS variable --c. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "colour") node.style.setProperty("--c", value);
    else if (name === "width") node.style.width = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** svg("rect", {x: 1}, ...children): the same for drawings. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (name === "colour") node.style.setProperty("--c", value); else node.setAttribute(name, value);
  node.append(...children.flat(Infinity));
  return node;
}

export const plain = (tissue) => tissue.replaceAll("_", " ");
export const count = (n) => n.toLocaleString("en-GB");
export const counted = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
export const percent = (p) => (p >= 0.995 ? "> 99%" : p < 0.005 ? "< 1%" : `${Math.round(100 * p)}%`);
/** Whether the page is dark, by the reader's choice or the system's. */
export const isDark = () => { const { theme } = document.documentElement.dataset; return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches; };
export const say = (text) => { $("live").textContent = text; };

/** JSON of an API address; throws an Error with the server's own words. */
export async function getJson(path) {
  const answer = await fetch(path);
  const content = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
  if (!answer.ok) throw new Error(content.error ?? `the server answered ${answer.status}`);
  return content;
}

/** Numbers of an API address: n (uint32), then float32 each. */
export async function getFloats(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? `the server answered ${answer.status}`);
  const bytes = await answer.arrayBuffer();
  return new Float32Array(bytes, 4, new DataView(bytes).getUint32(0, true));
}
