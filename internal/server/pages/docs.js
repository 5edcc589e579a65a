// Starts Swagger UI. A file of its own, so that the page needs no inline script.
// All addresses are relative to the page's: it may be below a prefix that only a
// proxy knows of, so that requests go where the page came from.
const base = new URL('.', document.baseURI);

const requestsStayHere = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (update) => (spec) => update({ ...spec, servers: [{ url: base.href }] }),
      },
    },
  },
});

window.ui = SwaggerUIBundle({
  url: new URL('openapi.json', base).href,
  dom_id: '#swagger-ui',
  plugins: [requestsStayHere],
  deepLinking: true,
  docExpansion: 'list', // the operations of all groups, each closed
  defaultModelsExpandDepth: 0, // the list of schemas is there, folded
  displayRequestDuration: true,
  validatorUrl: null, // which is on another host
});
