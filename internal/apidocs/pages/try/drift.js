// How far the texts of the last hour and day are from the baseline of a version.

import { badge, element, note, percent, table, track, whole } from './dom.js';

const titles = { class: 'Tag', confidence: 'Highest probability', unknown_ngrams: 'Unknown n-grams', length: 'Characters' };
const worst = ['drifted', 'moved', 'quiet', 'too few texts'];
const share = (n) => (n === undefined ? '–' : percent(n));

export function drift(version, { baseline, reason, windows }) {
  const part = (verdict, ...children) => element('details', { className: 'drift' },
    element('summary', {}, 'Drift', element('span', { className: 'hidden' }, ` of version ${version}`), ' ', badge(verdict, { drifted: 'bad', quiet: 'good' }[verdict])), ...children);
  if (!baseline) return part('not known', note(`Texts are not compared: ${reason}.`));
  const row = (name, ...cells) => element('tr', {}, element('th', { scope: 'row' }, name), ...cells.map((cell) => element('td', { className: 'number' }, ...[cell].flat())));
  const all = [baseline, ...windows];
  const verdicts = windows[1].features.map(({ verdict }) => verdict);
  return part(worst.find((verdict) => verdicts.includes(verdict)) ?? 'no texts',
    table('In numbers', ['', 'Baseline', 'Last hour', 'Last day'], [
      row('Texts', ...all.map(({ texts }) => whole(texts))),
      row('Accuracy to expect', share(baseline.accuracy), ...windows.map((w) => share(w.expected_accuracy))),
      row('Unknown n-grams', ...all.map((w) => share(w.unknown_ngram_ratio))),
    ]),
    ...windows[0].features.map(({ feature, bins }, i) => {
      const of = windows.map((w) => w.features[i]);
      const bar = (w, { current, baseline: at }) => {
        if (!w.texts) return '–';
        const { root, set } = track();
        set({ size: current, at });
        return [percent(current), root];
      };
      return table(titles[feature], [titles[feature], 'Baseline', ...of.map(({ verdict, psi }, k) => [['Last hour', 'Last day'][k], element('br'), `${verdict}, PSI\u00a0${psi.toFixed(2)}`])],
        bins.flatMap(({ bin, baseline: before }, k) => (before || of.some((f) => f.bins[k].current) ? [row(bin, percent(before), ...windows.map((w, n) => bar(w, of[n].bins[k])))] : [])));
    }),
    note('Each bar is a share of the texts, and its mark the share in the baseline. PSI: population stability index, 0 if nothing has changed.'));
}
