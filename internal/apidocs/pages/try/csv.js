// CSV as spreadsheets write it (RFC 4180), read and written.

// decode returns the text of a file: UTF-8, UTF-16 with its mark, or else Windows-1252.
export function decode(bytes) {
  const mark = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  if (mark[0] === 0xff && mark[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (mark[0] === 0xfe && mark[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

// delimiterOf returns the delimiter that the first line has most of, outside of quotes.
export function delimiterOf(text) {
  const line = text.slice(0, 10000).replace(/"(?:[^"]|"")*"?/g, '').split(/[\r\n]/, 1)[0];
  const times = (delimiter) => line.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, next) => (times(next) > times(best) ? next : best));
}

// parse returns the rows of a text, each a list of cells. Empty lines are left out.
export function parse(text, delimiter = delimiterOf(text)) {
  const rows = [];
  let row = [];
  let [cell, at] = ['', 0];
  const ends = new RegExp(`[${delimiter}\\r\\n]`, 'g');
  const endRow = () => {
    row.push(cell);
    if (row.length > 1 || cell !== '') rows.push(row);
    [row, cell] = [[], ''];
  };
  while (at < text.length) {
    if (text[at] === '"' && cell === '') {
      for (;;) { // up to the quote that no other follows
        const end = text.indexOf('"', at + 1);
        cell += text.slice(at + 1, end < 0 ? undefined : end);
        at = end < 0 ? text.length : end + 1;
        if (text[at] !== '"') break;
        cell += '"';
      }
    }
    ends.lastIndex = at;
    const end = ends.exec(text)?.index ?? text.length;
    cell += text.slice(at, end);
    at = end + 1;
    if (text[end] === delimiter) {
      row.push(cell);
      cell = '';
      if (at >= text.length) endRow();
    } else {
      if (text[end] === '\r' && text[at] === '\n') at++;
      endRow();
    }
  }
  return rows;
}

// format returns rows as the text of a file. A cell that a spreadsheet would run as a
// formula begins with a quote, which makes it text.
export function format(rows) {
  const cell = (value) => {
    let text = String(value ?? '');
    if (typeof value !== 'number' && /^[\s]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text)) text = `'${text}`;
    return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `\ufeff${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`; // by the mark a spreadsheet knows UTF-8
}
