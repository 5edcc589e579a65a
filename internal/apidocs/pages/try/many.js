// The view of many texts: lines, or a file.

import { $, announce, bareTable, count, element, pause, percent, signed } from './dom.js';
import { decode, format, parse } from './csv.js';

const most = { bytes: 64 << 20, rows: 200000, shown: 200 };
const chunk = { texts: 500, bytes: 100000, tries: 20 }; // of a request

const status = (text) => { $('#many-status').textContent = text; };
let choices = [];
let file = null; // {name, rows, named}
let job = null; // {header, rows, texts, results, stop}

export function choose(chosen) { choices = chosen; }

// open takes a file in place of the lines.
export async function open(given) {
  if (given.size > most.bytes) {
    status(`${given.name} is larger than ${most.bytes >> 20} MiB. For such files there is the command tagifai batch.`);
    return;
  }
  const text = decode(await given.arrayBuffer());
  const lines = /\.txt$/i.test(given.name);
  const rows = lines ? text.split(/\r\n|\r|\n/).filter((line) => line.trim()).map((line) => [line]) : parse(text);
  if (rows.length === 0) {
    status(`${given.name} has no rows.`);
    return;
  }
  file = { name: given.name, rows };
  $('#named').checked = !lines && !(rows[0].length === 1 && rows[0][0].length > 40);
  $('#lines-part').hidden = true;
  $('#file-part').hidden = false;
  describe();
  status('');
}

// describe shows the columns of the file.
function describe() {
  const named = $('#named').checked;
  const width = file.rows.reduce((widest, row) => Math.max(widest, row.length), 0);
  file.header = Array.from({ length: width }, (_, i) => (named && file.rows[0][i]) || `column ${i + 1}`);
  file.body = named ? file.rows.slice(1) : file.rows;
  $('#file-name').textContent = `${file.name}: ${count(file.body.length, 'row')}, ${count(width, 'column')}`;
  const at = (name) => file.header.findIndex((other) => other.trim().toLowerCase() === name);
  const length = (i) => file.body.slice(0, 100).reduce((sum, row) => sum + (row[i]?.length ?? 0), 0);
  const longest = file.header.reduce((best, _, i) => (length(i) > length(best) ? i : best), 0);
  const options = file.header.map((name, i) => element('option', { value: String(i) }, name));
  let best = String(at('text') < 0 ? longest : at('text'));
  if (at('title') >= 0 && at('description') >= 0) {
    const both = `${at('title')},${at('description')}`;
    options.unshift(element('option', { value: both }, 'title and description'));
    if (at('text') < 0) best = both;
  }
  $('#column').replaceChildren(...options);
  $('#column').value = best;
}

// input returns the header, the rows and their texts.
function input() {
  if (!file) {
    const texts = $('#lines').value.split('\n').filter((line) => line.trim());
    return { header: ['text'], rows: texts.map((text) => [text]), texts };
  }
  const columns = $('#column').value.split(',').map(Number);
  return { header: file.header, rows: file.body, texts: file.body.map((row) => columns.map((i) => row[i] ?? '').filter(Boolean).join(' ')) };
}

async function run() {
  const given = input();
  if (given.texts.length === 0) {
    status('Nothing to predict yet: type some lines, or choose a file.');
    $('#lines').focus();
    return;
  }
  if (given.texts.length > most.rows) {
    status(`More than ${count(most.rows, 'row')}. For such files there is the command tagifai batch.`);
    return;
  }
  const stop = new AbortController();
  job = { ...given, stop, results: choices.map(() => new Array(given.texts.length)) };
  busy(true);
  status(`Predicting ${count(given.texts.length, 'text')} …`);
  try {
    for (const [side, choice] of choices.entries()) await predictAll(choice, job, side);
    finish();
  } catch (error) {
    const done = job.results[0].filter(Boolean).length;
    finish();
    status(`${stop.signal.aborted ? 'Stopped' : error.message} ${count(done, 'text')} of ${given.texts.length} predicted.`);
  }
  busy(false);
}

function busy(is) {
  $('#run').hidden = is;
  $('#stop').hidden = $('#progress').hidden = !is;
  if (is) showResults(false);
  (is ? $('#stop') : $('#run')).focus();
}

function showResults(is) {
  for (const id of ['#many-table', '#download', '#download-note']) $(id).hidden = !is;
}

// predictAll fills the results of one side, in requests as large as the service takes.
async function predictAll(choice, { texts, results, stop: { signal } }, side) {
  const mine = results[side];
  let [size, tries] = [chunk.texts, 0];
  texts.forEach((text, i) => { if (text.trim() === '') mine[i] = { error: 'no text' }; });
  for (let first = 0; first < texts.length;) {
    const picked = [];
    let bytes = 0;
    for (let i = first; i < texts.length && picked.length < size; i++) {
      if (mine[i]) continue;
      bytes += new TextEncoder().encode(JSON.stringify(texts[i])).length + 12;
      if (bytes > chunk.bytes && picked.length) break;
      picked.push(i);
    }
    if (picked.length === 0) break;
    try {
      const data = await choice.predict(picked.map((i) => texts[i]), { signal });
      data.predictions.forEach((prediction, k) => { mine[picked[k]] = resultOf(prediction, data.version); });
      tries = 0;
    } catch (error) {
      if (signal.aborted) throw error;
      const bad = error.items?.filter(({ loc }) => loc[0] === 'body' && loc[1] === 'texts' && picked[loc[2]] !== undefined) ?? [];
      if (bad.length) for (const { loc, msg } of bad) mine[picked[loc[2]]] = { error: msg };
      else if (error.status === 413 || error.status === 422) {
        if (picked.length === 1) mine[picked[0]] = { error: error.message };
        else size = Math.ceil(picked.length / 2);
      } else if (error.again && ++tries < chunk.tries) {
        const seconds = error.wait || Math.min(30, 2 ** tries);
        status(`${error.message} Going on in ${seconds} s.`);
        await pause(seconds, signal);
        status('Going on …');
      } else throw error;
    }
    while (first < texts.length && mine[first]) first++;
    $('#progress').value = (side + first / texts.length) / results.length;
  }
}

function resultOf({ predicted_tag: tag, probabilities, scores }, { name, version }) {
  return { tag, number: (probabilities ?? scores)[tag], probable: probabilities !== undefined, name, version };
}

// finish shows the results in a table.
function finish() {
  const { texts, results } = job;
  const heads = ['', 'Text', ...results.flatMap((_, side) => (side ? ['Tag, compared', ''] : ['Tag', '']))];
  const differ = (i) => results.length > 1 && results[0][i]?.tag !== results[1][i]?.tag;
  const number = (r) => (r?.number === undefined ? '' : r.probable ? percent(r.number) : signed(r.number));
  const cells = (r) => [element('td', { className: r?.error ? 'bad' : 'tagged' }, r?.error ?? r?.tag ?? 'not predicted'), element('td', { className: 'number' }, number(r))];
  const rows = texts.slice(0, most.shown).map((text, i) => element('tr', { className: differ(i) ? 'differ' : '' },
    element('td', { className: 'number' }, String(i + 1)),
    element('td', { className: 'cut', title: text }, text.length > 300 ? `${text.slice(0, 300)}…` : text),
    ...results.flatMap((mine) => cells(mine[i]))));
  $('#many-table').replaceChildren(bareTable(heads, rows));
  showResults(true);
  const tags = new Map();
  for (const r of results[0]) if (r?.tag) tags.set(r.tag, (tags.get(r.tag) ?? 0) + 1);
  const errors = results[0].filter((r) => r?.error).length;
  const parts = [
    `${count(texts.length, 'text')}: ${[...tags].sort((a, b) => b[1] - a[1]).slice(0, 8).map(([tag, n]) => `${tag} ${n}`).join(', ') || 'none predicted'}.`,
    errors ? `${count(errors, 'row')} not predicted.` : '',
    results.length > 1 ? `The two differ on ${count(texts.filter((_, i) => differ(i)).length, 'text')}.` : '',
    texts.length > most.shown ? `The table shows the first ${most.shown}; the file has all.` : '',
  ];
  status(parts.filter(Boolean).join(' '));
}

function download() {
  const { header, rows, results } = job;
  const names = (side) => ['tag', results[side].find((r) => r?.tag)?.probable === false ? 'score' : 'probability', 'model', 'version', 'error'].map((name) => (side ? `${name}_2` : name));
  const values = (r) => [r?.tag, r?.number, r?.name, r?.version, r ? r.error : 'not predicted'];
  const table = [
    [...header, ...results.flatMap((_, side) => names(side))],
    ...rows.map((row, i) => [...header.map((_, k) => row[k]), ...results.flatMap((mine) => values(mine[i]))]),
  ];
  const url = URL.createObjectURL(new Blob([format(table)], { type: 'text/csv' }));
  element('a', { href: url, download: `${file ? file.name.replace(/\.\w+$/, '') : 'texts'}-tagged.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
  announce('The file is downloaded.');
}

$('#run').addEventListener('click', run);
$('#stop').addEventListener('click', () => job.stop.abort());
$('#download').addEventListener('click', download);
$('#named').addEventListener('change', describe);
$('#file').addEventListener('change', ({ target }) => { if (target.files[0]) open(target.files[0]); target.value = ''; });
$('#file-remove').addEventListener('click', () => {
  file = null;
  $('#lines-part').hidden = false;
  $('#file-part').hidden = true;
  $('#lines').focus();
});
