// Requests go where the page came from: it may be below a prefix that only a proxy
// knows of.
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
