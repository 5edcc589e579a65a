// Puts the page together: views, choices, the key.

import { $ } from './dom.js';
import { hasCredential, setCredential } from './service.js';
import { Selection, load } from './registry.js';
import * as text from './text.js';
import * as many from './many.js';
import * as models from './models.js';

const views = ['text', 'many', 'models'];
let comparing = false;

const selections = [new Selection($('#choice-1'), chosen), new Selection($('#choice-2'), chosen)];

// chosen tells the views who answers.
function chosen() {
  const choices = selections.slice(0, comparing ? 2 : 1).map((selection) => selection.choice);
  text.choose(choices);
  many.choose(choices);
}

function setComparing(is) {
  comparing = is;
  $('#choice-2').hidden = !is;
  $('#compare').setAttribute('aria-pressed', String(is));
}

$('#compare').addEventListener('click', async () => {
  setComparing(!comparing);
  const [first, second] = selections;
  if (comparing && second.choice.version === '') { // the newest other version is what one wants to see
    const other = [...second.version.options].find((option) => option.value.startsWith('versions/') && option.value !== first.choice.version && !option.disabled);
    await second.select(first.choice.model, other?.value);
  }
  chosen();
});

models.onTry(async (name, version) => {
  await selections[0].select(name, version);
  chosen();
  location.hash = 'text';
});

// view shows what the fragment of the URL names. It never holds a text.
function view(focus) {
  const name = views.includes(location.hash.slice(1)) ? location.hash.slice(1) : views[0];
  for (const one of views) $(`#view-${one}`).hidden = one !== name;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${name}`) {
      link.setAttribute('aria-current', 'page');
      document.title = `${link.textContent} - TagIfAI`;
    } else link.removeAttribute('aria-current');
  }
  $('#choices').hidden = name === 'models';
  if (name === 'models') models.open();
  if (focus) $(`#heading-${name}`).focus({ preventScroll: true });
}

window.addEventListener('hashchange', () => view(true));

// A file may be dropped anywhere: elsewhere the browser would leave the page for it.
const holdsFile = (event) => event.dataTransfer?.types.includes('Files');
document.addEventListener('dragover', (event) => {
  if (!holdsFile(event)) return;
  event.preventDefault();
  document.body.classList.add('dragging');
});
document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) document.body.classList.remove('dragging'); });
document.addEventListener('drop', (event) => {
  if (!holdsFile(event)) return;
  event.preventDefault();
  document.body.classList.remove('dragging');
  location.hash = 'many';
  many.open(event.dataTransfer.files[0]);
});

document.addEventListener('credential', ({ detail }) => {
  if (!$('#key-form').hidden && !hasCredential()) return; // asked already
  $('#key-why').textContent = hasCredential() ? `This key is not taken. ${detail}` : 'This service asks for a key or a token';
  $('#key-form').hidden = false;
  $('#key-held').hidden = true;
  $('#key').focus();
});
$('#key-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const given = $('#key').value;
  if (!/^[\x21-\x7e]+$/.test(given.trim())) {
    $('#key-why').textContent = 'This is no key: it has characters that no header can carry';
    return;
  }
  setCredential(given);
  $('#key').value = '';
  $('#key-form').hidden = true;
  $('#key-held').hidden = false;
  await begin();
  $('#text').focus();
});
$('#key-forget').addEventListener('click', () => {
  setCredential('');
  $('#key-held').hidden = true;
  begin();
});

async function begin() {
  await load(selections);
  chosen();
  if (location.hash === '#models') models.open();
}

view(false);
begin();
