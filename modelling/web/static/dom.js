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

export const plain = (tissue) => tissue.replaceAll("_", " ");
export const count = (n) => n.toLocaleString("en-GB");
export const counted = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
export const percent = (p) => (p >= 0.995 ? "> 99%" : p < 0.005 ? "< 1%" : `${Math.round(100 * p)}%`);
export const say = (text) => { $("live").textContent = text; };

/** JSON of an API address; throws an Error with the server's own words. */
export async function getJson(path) {
  const answer = await fetch(path);
  const content = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
  if (!answer.ok) throw new Error(content.error ?? `the server answered ${answer.status}`);
  return content;
}
