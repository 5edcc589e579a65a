// What all views need of the document.

export const $ = (selector, root = document) => root.querySelector(selector);

// element returns an element with properties and children. Text stays text: nothing is
// ever parsed as HTML.
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const note = (...children) => element('p', { className: 'note' }, ...children);
export const badge = (text, kind = '') => element('span', { className: `badge ${kind}` }, text);

// table returns a table that scrolls by itself where it is too wide.
export function table(name, heads, rows, ...more) {
  return element('div', { className: 'scroll', tabIndex: 0, role: 'group', ariaLabel: name }, bareTable(heads, rows, ...more));
}

export function bareTable(heads, rows, ...more) {
  return element('table', {},
    element('thead', {}, element('tr', {}, ...heads.map((head) => (head ? element('th', { scope: 'col' }, ...[head].flat()) : element('td'))))),
    element('tbody', {}, ...rows), ...more);
}

// track is an empty bar with a mark, and a function that fills it.
export function track() {
  const [fill, tick] = ['fill', 'tick'].map((className) => element('span', { className }));
  const set = ({ size, from = 0, at }) => {
    fill.style.setProperty('--size', size);
    fill.style.setProperty('--from', from);
    tick.style.setProperty('--at', at ?? 0);
    tick.hidden = at === undefined;
  };
  return { root: element('span', { className: 'track', ariaHidden: 'true' }, fill, tick), set };
}

// after returns a function that runs f once nobody has called it for some milliseconds.
export function after(milliseconds, f) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(f, milliseconds, ...values);
  };
}

// announce tells a screen reader what changed, once typing has paused.
export const announce = after(900, (text) => { $('#announce').textContent = text; });

// pause resolves after some seconds, or rejects when the signal aborts.
export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}

export const whole = (n) => n.toLocaleString('en');
export const count = (n, what, plural = `${what}s`) => `${whole(n)} ${n === 1 ? what : plural}`;
export const percent = (p) => `${(100 * p).toFixed(1)} %`;
export const signed = (n) => (n < 0 ? `−${(-n).toFixed(3)}` : `+${n.toFixed(3)}`);
