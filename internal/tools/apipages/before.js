// Requests go where the page came from, and the URLs of the examples are what that would
// answer with: it may be below a prefix that only a proxy knows of.
const base = new URL('.', document.baseURI).href;
const requestsStayHere = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (update) => (spec) => {
          const here = JSON.parse(JSON.stringify(spec).replaceAll('http://localhost:8000/', base));
          return update({ ...here, servers: [{ url: base }] });
        },
      },
    },
  },
});
