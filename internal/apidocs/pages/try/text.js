// The view of one text.

import { $, after, announce, percent } from './dom.js';
import { curl } from './service.js';
import { Panel } from './panel.js';

const text = $('#text');
const handlers = { onAnswer: compare, onChoose: () => predict(true) };
const panels = [new Panel($('#panel-1'), handlers), new Panel($('#panel-2'), handlers)];
let choices = []; // one or two

// choose says who answers, and asks again.
export function choose(chosen) {
  choices = chosen;
  for (const panel of panels) panel.chosen = '';
  $('#panels').classList.toggle('two', choices.length > 1);
  predict();
}

// predict asks all that answer. Those who explain another class share it.
function predict() {
  const typed = text.value;
  const { activeElement } = document;
  const from = panels.find((panel) => panel.root.contains(activeElement));
  if (from) for (const panel of panels) panel.chosen = from.chosen;
  $('#curl').hidden = typed === '' || choices.length === 0;
  $('#examples').hidden = false;
  panels.forEach((panel, i) => {
    if (typed === '' || !choices[i]) panel.clear();
    else panel.predict(choices[i], typed);
  });
  if (typed === '') { compare(); return; }
  if (choices[0]) $('#curl pre').textContent = curl(choices[0], typed, panels[0].chosen);
}

// compare says what the answers are together.
function compare() {
  const answers = panels.map((panel) => panel.answer).filter(Boolean);
  const said = answers.map(({ predicted_tag: tag, probabilities, fallback }) => (probabilities && !fallback ? `${tag}, ${percent(probabilities[tag])}` : tag));
  const verdict = $('#verdict');
  verdict.hidden = answers.length < 2;
  if (answers.length === 2) {
    const [a, b] = answers.map((answer) => answer.predicted_tag);
    verdict.textContent = a === b ? `Both say ${a}.` : `They differ: ${a} and ${b}.`;
    verdict.classList.toggle('differ', a !== b);
    announce(`${verdict.textContent} ${said.join('; ')}`);
  } else if (answers.length === 1) announce(said[0]);
  if (choices[0]) $('#curl pre').textContent = text.value && curl(choices[0], text.value, panels[0].chosen);
}

text.addEventListener('input', after(200, predict));
for (const example of document.querySelectorAll('#examples .chip')) {
  example.addEventListener('click', () => { text.value = example.textContent; predict(); });
}
window.addEventListener('online', predict);

$('#curl button').addEventListener('click', async ({ target }) => {
  const command = $('#curl pre');
  try {
    await navigator.clipboard.writeText(command.textContent);
  } catch { // without HTTPS there is no clipboard; a selection can be copied
    getSelection().selectAllChildren(command);
    document.execCommand('copy');
  }
  target.textContent = 'Copied';
  setTimeout(() => { target.textContent = 'Copy'; }, 2000);
});
