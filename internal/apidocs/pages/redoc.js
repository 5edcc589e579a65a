// Starts ReDoc. Its own default is fonts that the page would have to fetch elsewhere.
const sans = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';
Redoc.init(
  new URL('openapi.json', document.baseURI).href,
  {
    theme: { typography: { fontFamily: sans, headings: { fontFamily: sans } } },
  },
  document.getElementById('redoc'),
);
