
window.onload = function() {
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

  
  const ui = SwaggerUIBundle({
    url: "openapi.json",
    deepLinking:  true ,
    docExpansion: "list",
    dom_id: "#swagger-ui",
    persistAuthorization:  false ,
    validatorUrl: null,
    presets: [
      SwaggerUIBundle.presets.apis,
      SwaggerUIStandalonePreset
    ],
    plugins: [
      SwaggerUIBundle.plugins.DownloadUrl,
      requestsStayHere
    ],
    displayRequestDuration: true,
    layout: "BaseLayout",
    defaultModelsExpandDepth:  0 
  })

  window.ui = ui
}
