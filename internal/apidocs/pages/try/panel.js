// A panel: the answer to one text by one version, and why.

import { $, element, note, percent, signed, table, track } from './dom.js';
import { thresholds } from './service.js';

const few = 12; // classes that keep their places; of more, the best come first
const shownText = 20000; // characters that are tinted at most

export class Panel {
  constructor(root, { onAnswer, onChoose }) {
    Object.assign(this, { root, onAnswer, onChoose, rows: new Map(), chosen: '', attempts: 0, all: false });
    this.who = element('p', { className: 'who' });
    this.tag = element('p', { className: 'tag' });
    this.why = note();
    this.bars = element('ul', { className: 'bars' });
    this.more = element('button', { type: 'button', className: 'link', onclick: () => { this.all = !this.all; this.drawBars(); } });
    this.limit = element('p', { className: 'note limit' });
    this.alone = track(); // of the best class, if the threshold is on its sigmoid
    this.problem = element('p', { className: 'notice', role: 'alert', hidden: true });
    this.tinted = element('div', { className: 'explained' });
    this.result = element('div', { className: 'result' }, element('div', {}, this.who, this.tag, this.why, this.bars, this.more, this.alone.root, this.limit), this.tinted);
    root.append(this.problem, this.result);
  }

  clear() {
    this.stop?.abort();
    clearTimeout(this.retry);
    this.root.hidden = true;
    this.answer = null;
  }

  // predict shows the answer to a text, unless another text comes first.
  async predict(choice, text) {
    this.stop?.abort();
    clearTimeout(this.retry);
    const { signal } = (this.stop = new AbortController());
    this.root.setAttribute('aria-busy', 'true');
    try {
      const data = await choice.predict([text], { explain: true, chosen: this.chosen, signal });
      const prediction = data.predictions[0];
      const numbers = prediction.probabilities ?? prediction.scores;
      const limits = await thresholds(data.version, data.model, Object.keys(numbers));
      if (signal.aborted) return;
      this.attempts = 0;
      this.answer = { ...prediction, numbers, limits, version: data.version, explainable: choice.explanation };
      this.draw();
    } catch (error) {
      if (signal.aborted) return;
      this.answer = null;
      this.fail(error, () => this.predict(choice, text));
    }
    this.root.setAttribute('aria-busy', 'false');
    this.onAnswer();
  }

  fail(error, again) {
    this.root.hidden = false;
    this.result.hidden = true;
    this.problem.hidden = false;
    this.problem.textContent = error.message;
    if (!error.again) return;
    const seconds = error.wait || Math.min(30, 2 ** ++this.attempts);
    this.retry = setTimeout(again, seconds * 1000);
    this.problem.append(` Next try in ${seconds} s.`);
  }

  draw() {
    const { predicted_tag: tag, fallback, version, probabilities, numbers } = this.answer;
    this.root.hidden = this.result.hidden = false;
    this.problem.hidden = true;
    this.who.textContent = `${version.name}, version ${version.version}`;
    this.tag.replaceChildren(element('strong', {}, tag), ' ', element('span', {}, fallback ? '' : probabilities ? percent(numbers[tag]) : `score ${signed(numbers[tag])}`));
    this.why.textContent = fallback ? reason(fallback) : '';
    this.why.hidden = !fallback;
    this.drawBars();
    this.drawExplanation();
  }

  // explained is the class whose explanation is shown.
  get explained() {
    const { explanation = [], fallback, predicted_tag: tag } = this.answer;
    return [this.chosen, fallback?.class, tag].find((name) => explanation.some((e) => e.class === name)) ?? '';
  }

  drawBars() {
    const { numbers, probabilities, predicted_tag: tag, limits, explainable } = this.answer;
    let names = Object.keys(numbers);
    const hidden = Math.max(0, names.length - 10);
    if (names.length > few) {
      names.sort((a, b) => numbers[b] - numbers[a]);
      if (!this.all) names = names.filter((name, i) => i < 10 || name === tag || name === this.explained);
      this.more.textContent = this.all ? 'Show the best 10' : `Show all ${hidden + 10} classes`;
    }
    this.more.hidden = Object.keys(numbers).length <= few;
    const largest = Math.max(...Object.values(numbers).map(Math.abs), 1e-9);
    const onProbability = probabilities && limits?.on === 'probability';
    const items = names.map((name) => {
      const row = this.rows.get(name) ?? this.newRow(name);
      const value = numbers[name];
      const share = probabilities ? value : Math.abs(value) / largest / 2;
      const at = onProbability ? limits.of(name) : undefined;
      row.set({ size: share, from: probabilities ? 0 : 0.5 - (value < 0 ? share : 0), at });
      row.value.textContent = probabilities ? percent(value) : signed(value);
      row.item.classList.toggle('winner', name === tag);
      row.button.setAttribute('aria-pressed', String(name === this.explained));
      row.button.disabled = !explainable;
      row.said.textContent = name === tag ? ', the answer' : '';
      return row.item;
    });
    // Rows that stay where they are keep the focus.
    if (items.length !== this.bars.children.length || items.some((item, i) => item !== this.bars.children[i])) {
      const focused = document.activeElement;
      this.bars.replaceChildren(...items);
      if (this.bars.contains(focused)) focused.focus();
    }
    this.drawLimit(names, probabilities, limits);
  }

  newRow(name) {
    const said = element('span', { className: 'hidden' });
    const button = element('button', { type: 'button', title: `Explain ${name}`, onclick: () => { this.chosen = name; this.onChoose(); } }, name, said);
    const { root, set } = track();
    const value = element('span', { className: 'value' });
    const item = element('li', {}, button, root, value);
    const row = { item, button, said, set, value };
    this.rows.set(name, row);
    return row;
  }

  drawLimit(names, probabilities, limits) {
    const values = new Set(limits ? names.map(limits.of).filter((limit) => limit !== undefined) : []);
    const { numbers, scores } = this.answer;
    const best = Object.keys(numbers).reduce((a, b) => (numbers[b] > numbers[a] ? b : a));
    const sigmoid = 1 / (1 + Math.exp(-scores[best]));
    const onSigmoid = Boolean(probabilities) && limits?.on === 'sigmoid' && values.size > 0;
    this.alone.root.hidden = !onSigmoid;
    if (onSigmoid) this.alone.set({ size: sigmoid, at: limits.of(best) });
    let text = '';
    if (!probabilities) text = 'This model has scores, not probabilities. The highest wins, and no threshold applies.';
    else if (!limits) text = 'The threshold is not known: your key may not read the arguments of the model.';
    else if (values.size === 0) text = 'No threshold: the most probable class wins.';
    else if (onSigmoid) text = `By itself, ${best} is ${percent(sigmoid)} sure (the sigmoid of its score). Up to ${percent(limits.of(best))} the answer is “other”.`;
    else if (values.size === 1) text = `Threshold ${percent([...values][0])}: below it the answer is “other”.`;
    else text = `Each class has its own threshold: ${names.filter((name) => limits.of(name) !== undefined).map((name) => `${name} ${percent(limits.of(name))}`).join(', ')}. Below it the answer is “other”.`;
    this.limit.textContent = text;
    this.limit.classList.toggle('ticked', probabilities !== undefined && values.size > 0);
  }

  drawExplanation() {
    const name = this.explained;
    const e = this.answer.explanation?.find((one) => one.class === name);
    if (!e) {
      this.tinted.replaceChildren(note('Your key does not allow explanations.'));
      return;
    }
    const open = $('details', this.tinted)?.open ?? false;
    const { runs, words } = tint([...this.answer.input_text], e.spans);
    const said = (sign) => words.filter((word) => word.weight * sign > 0).sort((a, b) => sign * (b.weight - a.weight)).slice(0, 3).map((word) => `“${word.text}” ${signed(word.weight)}`).join(', ') || 'nothing';
    this.tinted.replaceChildren(
      element('h2', {}, `What speaks for ${name}?`),
      element('p', { className: 'text' }, ...runs),
      element('p', { className: 'legend', ariaHidden: 'true' },
        element('span', { className: 'n4' }, 'against it'), element('span', { className: 'n2' }, 'a little'),
        element('span', { className: 'p2' }, 'a little'), element('span', { className: 'p4' }, 'for it')),
      note(element('b', {}, 'Most for it: '), said(1), '. ', element('b', {}, 'Most against it: '), said(-1), '.'),
      element('details', { open }, element('summary', {}, 'N-grams and sums'), sums(e)),
    );
  }
}

// reason says why the answer is the class other.
function reason({ class: name, probability, sigmoid, threshold }) {
  if (sigmoid !== undefined) return `${name} comes first, but the sigmoid of its score, ${sigmoid.toFixed(3)}, is not above ${threshold}.`;
  return `${name} comes first, but its ${percent(probability)} are not above the threshold of ${percent(threshold)}.`;
}

// Blue speaks for a class and orange against it, which all kinds of colour vision tell
// apart; lines under the text say the same without colour.

// tint returns the characters in runs of like weight, each an element, and the weights of
// the words.
function tint(characters, spans) {
  const weights = new Float64Array(characters.length);
  for (const { start, end, weight } of spans) weights.fill(weight / (end - start), start, end);
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 1e-12);
  const level = (weight) => {
    const step = Math.ceil((Math.abs(weight) / largest) * 4 - 0.35);
    return step <= 0 ? '' : (weight > 0 ? 'p' : 'n') + step;
  };
  const runs = [];
  let [run, last] = ['', ''];
  const close = () => { if (run) runs.push(last ? element('span', { className: last }, run) : run); };
  const byWord = new Map();
  let [word, sum] = ['', 0];
  const endWord = () => {
    if (word) byWord.set(word.toLowerCase(), { text: word, weight: (byWord.get(word.toLowerCase())?.weight ?? 0) + sum });
    [word, sum] = ['', 0];
  };
  characters.forEach((character, i) => {
    if (i < shownText) {
      const now = level(weights[i]);
      if (now !== last) { close(); run = ''; }
      [run, last] = [run + character, now];
    }
    if (/[\p{L}\p{N}\p{M}'’-]/u.test(character)) { word += character; sum += weights[i]; } else endWord();
  });
  endWord();
  close();
  if (characters.length > shownText) runs.push(element('em', {}, ` … and ${characters.length - shownText} more characters, which count but are not shown.`));
  return { runs, words: [...byWord.values()] };
}

// sums is the table of what adds up to the score.
function sums({ ngrams, remaining, intercept, score }) {
  const row = (weight, what, times = '') => element('tr', {}, element('td', { className: 'number' }, signed(weight)), element('td', {}, what), element('td', { className: 'number' }, times));
  return table('N-grams', ['Weight', 'N-gram', 'Count'],
    ngrams.map(({ ngram, weight, count }) => row(weight, element('code', {}, ngram.replaceAll(' ', '␣')), count)),
    element('tfoot', {},
      row(remaining.positive, 'all others for it'), row(remaining.negative, 'all others against it'),
      row(intercept, 'intercept'), row(score, element('b', {}, 'score'))));
}
