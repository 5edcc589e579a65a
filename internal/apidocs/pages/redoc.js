// Starts ReDoc. Its own default is fonts that the page would have to fetch elsewhere.
const sans = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';
const base = new URL('.', document.baseURI).href;
const description = new URL('openapi.json', base).href;
const start = (spec) => Redoc.init(
  spec,
  {
    theme: { typography: { fontFamily: sans, headings: { fontFamily: sans } } },
  },
  document.getElementById('redoc'),
);
// The URLs of the examples are those that this service would answer with. If the
// description cannot be read, ReDoc tries itself, and says why.
fetch(description)
  .then((response) => response.text())
  .then((text) => JSON.parse(text.replaceAll('http://localhost:8000/', base)))
  .then((spec) => start({ ...spec, servers: [{ url: base }] }), () => start(description));
