// The service that the page came from, which may be below the prefix of a proxy.

export const base = new URL('.', document.baseURI);

let credential = ''; // a key or a token; only ever in memory
export const hasCredential = () => credential !== '';
export function setCredential(value) { credential = value.trim(); }

// A Problem is why there is no answer, in words for people.
export class Problem extends Error {
  constructor(status, detail, { wait = 0, scope = '', id = '' } = {}) {
    const items = Array.isArray(detail) ? detail : [];
    super(words(status, items.length ? items.map(itemText).join('; ') : detail, id));
    Object.assign(this, { status, items, wait, scope });
  }

  // again reports whether the same request may succeed a little later.
  get again() { return [0, 429, 502, 503, 504].includes(this.status); }
}

function itemText({ loc, msg }) {
  const where = loc.filter((step) => !['body', 'query', 'texts', 'text'].includes(step) && typeof step !== 'number');
  return where.length ? `${where.join('.')}: ${msg}` : msg;
}

function words(status, detail, id) {
  switch (status) {
    case 0: return 'The service does not answer. It may be down, or this device may be offline.';
    case 401: return detail || 'A key or a token is needed.';
    case 403: return `Your key does not allow this. ${detail}.`;
    case 404: return `Not found: ${detail}.`;
    case 413: return `This is too much at once. ${detail}.`;
    case 422: return `The service does not take this: ${detail}.`;
    case 429: return 'Too many requests for now: the service limits what one client may ask for.';
    case 502: case 503: case 504: return `The service cannot answer right now. ${detail}.`;
    default: return `The service failed (${status}): ${detail || 'no reason given'}.${id ? ` Its log knows this request as ${id}.` : ''}`;
  }
}

// ask sends a request, a POST if there is a body, and returns the data of the answer. What
// people typed is only ever in a body.
export async function ask(path, { body, signal } = {}) {
  const headers = {};
  if (credential) headers.Authorization = `Bearer ${credential}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  let answer = {};
  try {
    response = await fetch(new URL(path, base), { method: body === undefined ? 'GET' : 'POST', headers, body, signal, cache: 'no-store' });
    answer = await response.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    if (!response) throw new Problem(0);
  }
  if (response.ok && answer.data) return answer.data;
  const problem = new Problem(response.status, answer.detail ?? response.statusText, {
    wait: Number(response.headers.get('Retry-After')) || 0,
    scope: /scope="(\w+)"/.exec(response.headers.get('WWW-Authenticate'))?.[1] ?? '',
    id: response.status >= 500 ? response.headers.get('X-Request-Id') : '',
  });
  if (response.status === 401) document.dispatchEvent(new CustomEvent('credential', { detail: problem.message }));
  throw problem;
}

// A Choice is a model and one of its versions, as the selects have them, and what cannot
// be asked of it.
export class Choice {
  constructor(model = '', version = '') { // version is '', 'aliases/…' or 'versions/…'
    this.model = model;
    this.version = version;
    this.probabilities = true; // until the model turns out to have none
    this.explanation = true; // until the key turns out not to allow it
  }

  get path() {
    if (!this.model) return 'predict';
    return pathOf(...['models', this.model, ...this.version.split('/'), 'predict'].filter(Boolean));
  }

  // query returns what a request asks for. Of the query only class names are not ours.
  query(explain, chosen) {
    const include = [this.probabilities ? 'probabilities' : null, 'scores', 'model', 'version', explain && this.explanation ? 'explanation' : null];
    let query = `?include=${include.filter(Boolean).join(',')}`;
    if (explain && this.explanation) query += `&explain_top=20${chosen ? `&explain_classes=${encodeURIComponent(chosen)}` : ''}`;
    return query;
  }

  // predict asks for less when the model or the key does not have it all.
  async predict(texts, { explain = false, chosen = '', signal } = {}) {
    const body = payload(texts);
    for (;;) {
      try {
        return await ask(this.path + this.query(explain, chosen), { body, signal });
      } catch (error) {
        const has = (type) => error.items?.some((item) => item.type === type);
        if (this.probabilities && has('value_error.no_probabilities')) this.probabilities = false;
        else if (chosen && has('value_error.unknown_class')) chosen = '';
        else if (explain && this.explanation && error.status === 403 && error.scope === 'explain') this.explanation = false;
        else throw error;
      }
    }
  }
}

export const payload = (texts) => JSON.stringify({ texts: texts.map((text) => ({ text })) });

export const pathOf = (...parts) => parts.map(encodeURIComponent).join('/');

const argsOf = new Map(); // by run and version: a promise

// thresholds returns what a version wants of its best class: a function from class to
// threshold, which is undefined if there is none, and what it is of. Null means unknown.
export async function thresholds({ name, version }, run, classes) {
  if (!classes.includes('other')) return { of: () => undefined, on: 'probability' };
  const key = JSON.stringify([name, version, run]);
  const path = pathOf('models', name, 'versions', version);
  if (!argsOf.has(key)) argsOf.set(key, ask(`${path}/args`));
  try {
    const { threshold, threshold_on: on = 'probability' } = (await argsOf.get(key)).args;
    if (threshold === null || typeof threshold !== 'object') return { of: () => threshold ?? undefined, on };
    const order = (await ask(path)).classes; // that of the keys of an object may be another: "10" comes after "9"
    return { of: (name) => threshold[order.indexOf(name)], on };
  } catch (error) {
    argsOf.delete(key);
    return null;
  }
}

// curl returns the request as a command for a POSIX shell, without the credential itself.
export function curl(choice, text, chosen) {
  const quote = (s) => `'${s.replaceAll("'", `'\\''`)}'`;
  return [
    'curl -sS',
    credential ? '-H "Authorization: Bearer $TAGIFAI_KEY"' : '',
    `-H 'Content-Type: application/json'`,
    `--data-binary ${quote(payload([text]))}`,
    quote(new URL(choice.path + choice.query(true, chosen), base).href),
  ].filter(Boolean).join(' \\\n  ');
}
