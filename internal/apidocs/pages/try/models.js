// The view of the models. It only reads.

import { $, badge, count, element, note, table } from './dom.js';
import { drift } from './drift.js';
import { forget, list, show, showDrift, showVersion } from './registry.js';

const perPage = 50;
const root = $('#models');
let next = '';
let tryVersion = () => {};

const failure = ({ message }) => element('p', { className: 'notice', role: 'alert' }, message);

export function onTry(f) { tryVersion = f; }

// open shows the models as they are now.
export async function open() {
  forget();
  root.replaceChildren(note('Loading …'));
  await page('', () => root.replaceChildren());
}

async function page(from, ready) {
  try {
    const listed = await list(from, perPage);
    ready();
    root.append(...listed.models.map((model) => modelCard(model, listed.models.length === 1)));
    if (!root.firstChild) root.append(element('p', {}, 'There are no models yet. The command tagifai models add makes the first one.'));
    next = listed.next ?? '';
  } catch (error) {
    root.replaceChildren(failure(error));
    next = '';
  }
  $('#more-models').hidden = next === '';
}

$('#more-models').addEventListener('click', () => page(next, () => {}));
$('#refresh').addEventListener('click', open);

// modelCard is a model of the list, whose versions are asked for when it is opened.
function modelCard(model, alone) {
  const body = element('div', {});
  const aliases = Object.entries(model.aliases).sort().map(([alias, version]) => badge(`${alias} → ${version}`));
  const card = element('details', { className: 'card model-card' },
    element('summary', {}, element('h2', {}, model.name), model.default && badge('default', 'strong'), ...aliases, model.behind && badge('behind', 'bad')), body);
  let filled = false;
  card.addEventListener('toggle', async () => {
    if (!card.open || filled) return;
    filled = true;
    try {
      body.replaceChildren(...modelParts(await show(model.name)));
    } catch (error) {
      filled = false;
      body.replaceChildren(failure(error));
    }
  });
  card.open = alone || model.default;
  return card;
}

function modelParts({ name, behind, versions, aliases, canary, shadow, history }) {
  const moving = [
    canary && `Version ${canary.version} is the canary and answers ${canary.percent} % of the requests.`,
    shadow && `Version ${shadow.version} is the shadow: it predicts the same texts, for comparison alone.`,
  ].filter(Boolean).join(' ') || 'No canary and no shadow.';
  return [
    behind && element('p', { className: 'notice' }, behind),
    element('h3', {}, 'Versions'),
    table(`Versions of ${name}`, ['Version', 'State', 'F1', ''],
      versions.toReversed().map((version) => versionRow(name, version, { aliases, canary, shadow }))),
    element('p', {}, moving),
    element('h3', {}, 'History'),
    history.length ? table(`History of ${name}`, ['When', 'What', 'From', 'To', 'By'], history.toReversed().map((move) => element('tr', {},
      cell(element('time', { dateTime: move.time }, when(move.time))),
      cell(move.rollback ? `${move.what}, rolled back` : move.what),
      cell(move.from ?? 'nowhere'),
      cell((move.to ?? 'nowhere') + (move.percent ? `, ${move.percent} %` : '')),
      cell(move.by)))) : note('Nothing has moved.'),
  ].filter(Boolean);
}

const cell = (...children) => element('td', {}, ...children);
const when = (time) => new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const figure = (n) => (typeof n === 'number' ? n.toFixed(3) : '–');

// versionRow is a version. The figures of one that is loaded are asked for at once; those
// of another when somebody wants them, as the service loads it for that.
function versionRow(name, { version, state, reason }, { aliases, canary, shadow }) {
  const as = Object.entries(aliases).filter(([, to]) => to === version).map(([alias]) => badge(alias, 'strong'));
  if (canary?.version === version) as.push(badge(`canary ${canary.percent} %`));
  if (shadow?.version === version) as.push(badge('shadow'));
  const tryIt = element('button', { type: 'button', ariaLabel: `Try version ${version}`, onclick: () => tryVersion(name, `versions/${version}`) }, 'Try');
  const row = element('tr', {}, element('th', { scope: 'row' }, version, ' ', ...as), cell(badge(state, state === 'failed' ? 'bad' : state === 'loaded' ? 'good' : '')));
  if (state === 'failed') {
    row.append(element('td', { className: 'bad' }, reason ?? ''), cell());
    return row;
  }
  const figures = element('td', { className: 'note' }, 'Loading …');
  row.append(figures, cell(tryIt));
  const load = async () => {
    figures.replaceChildren('Loading …');
    try {
      const [shown, moved] = await Promise.all([showVersion(name, version), showDrift(name, version).catch(({ message }) => ({ reason: message }))]);
      figures.replaceWith(element('td', {}, figure(shown.performance?.overall?.f1)));
      row.after(element('tr', { className: 'below' }, element('td', { colSpan: 4 }, details(shown), drift(version, moved))));
    } catch (error) {
      figures.replaceChildren(error.message);
    }
  };
  if (state === 'loaded') load();
  else figures.replaceChildren(element('button', { type: 'button', className: 'link', ariaLabel: `Load its figures, version ${version}`, onclick: load }, 'Load its figures'));
  return row;
}

// details is the rest of a version.
function details(v) {
  const { overall = {}, class: classes = {} } = v.performance ?? {};
  const scores = ([name, { f1, precision, recall, num_samples: texts = '–' }]) => element('tr', {},
    element('th', { scope: 'row' }, name), ...[figure(f1), figure(precision), figure(recall), String(texts)].map((n) => element('td', { className: 'number' }, n)));
  return element('details', {},
    element('summary', { ariaLabel: `Details of version ${v.version}` }, 'Details'),
    note(`${count(v.classes.length, 'class', 'classes')}, ${count(v.ngrams, 'n-gram')}, ${(v.bytes / (1 << 20)).toFixed(1)} MiB, format ${v.format}, run ${v.run_id || 'unknown'}.${v.provenance ? ` Added ${when(v.provenance.time)} by ${v.provenance.by} with ${v.provenance.tool}.` : ''}`),
    table(`Performance of version ${v.version}`, ['Class', 'F1', 'Precision', 'Recall', 'Texts'], [['all', overall], ...Object.entries(classes)].map(scores)));
}
