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

const plain = new Intl.NumberFormat('en');
export const count = (n, what, plural = `${what}s`) => `${plain.format(n)} ${n === 1 ? what : plural}`;
export const percent = (p) => `${(100 * p).toFixed(1)} %`;
export const signed = (n) => (n < 0 ? `−${(-n).toFixed(3)}` : `+${n.toFixed(3)}`);
