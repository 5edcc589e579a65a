// What the service serves: the models, and the selects that choose among them.

import { $, element } from './dom.js';
import { Choice, ask, pathOf } from './service.js';

const page = 1000; // models, the most that the service lists at once
let models = []; // as GET /models lists them
const shown = new Map(); // by name: a promise of GET /models/{name}

// list returns the models again, and where the list goes on, if it does.
export async function list(from = '', limit = page) {
  return ask(`models?limit=${limit}${from ? `&after=${encodeURIComponent(from)}` : ''}`);
}

// show returns a model with its versions.
export function show(name) {
  if (!shown.has(name)) {
    const asked = ask(`models/${encodeURIComponent(name)}`);
    asked.catch(() => shown.delete(name));
    shown.set(name, asked);
  }
  return shown.get(name);
}

export const showVersion = (name, version) => ask(pathOf('models', name, 'versions', version));

export const showDrift = (name, version) => ask(pathOf('models', name, 'versions', version, 'drift'));

export function forget() { shown.clear(); }

// A Selection is a pair of selects, and the choice that they make.
export class Selection {
  constructor(root, onChange) {
    this.model = $('.model', root);
    this.version = $('.version', root);
    this.choice = new Choice();
    this.model.addEventListener('change', async () => { await this.fillVersions(); onChange(); });
    this.version.addEventListener('change', () => { this.take(); onChange(); });
  }

  take() { this.choice = new Choice(this.model.value, this.version.value); }

  // select chooses a model and, if it is there, a version.
  async select(name, version) {
    this.model.value = name;
    await this.fillVersions();
    if (version && [...this.version.options].some((option) => option.value === version)) this.version.value = version;
    this.take();
  }

  // fill offers the models, and keeps what is chosen if it is still there.
  async fill() {
    const [name, version] = [this.choice.model, this.choice.version];
    const names = models.map((model) => model.name);
    this.model.replaceChildren(...(names.length ? names : ['']).map((one) => element('option', { value: one }, one || 'the default model')));
    const standard = models.find((model) => model.default) ?? models[0];
    await this.select(names.includes(name) ? name : standard?.name ?? '', version);
  }

  async fillVersions() {
    const name = this.model.value;
    const options = [element('option', { value: '' }, 'as served')];
    try {
      if (name) {
        const { aliases, versions, canary } = await show(name);
        if (name !== this.model.value) return; // another was chosen meanwhile
        if (canary) options[0].textContent += `, with ${canary.percent} % canary`;
        const group = (label, list) => { if (list.length) options.push(element('optgroup', { label }, ...list)); };
        group('Aliases', Object.entries(aliases).sort().map(([alias, version]) => element('option', { value: `aliases/${alias}` }, `${alias} (${version})`)));
        group('Versions', versions.map(({ version, state }) => element('option', { value: `versions/${version}`, disabled: state === 'failed' }, state === 'failed' ? `${version} (failed)` : version)).reverse());
      }
    } catch { // as served is left
    }
    this.version.replaceChildren(...options);
    this.take();
  }
}

// load asks for the models. What goes wrong is said, and the default model is left.
export async function load(selections) {
  forget();
  const problem = $('#registry-problem');
  problem.hidden = true;
  try {
    const listed = await list();
    models = listed.models;
    if (listed.next) {
      problem.textContent = `The service has many models: the first ${page} can be chosen here.`;
      problem.hidden = false;
    }
  } catch (error) {
    models = [];
    if (error.status !== 401) {
      problem.textContent = error.status === 403 ? 'Your key may not list the models, so the default one answers.' : `The models cannot be listed. ${error.message}`;
      problem.hidden = false;
    }
  }
  for (const selection of selections) await selection.fill();
}
