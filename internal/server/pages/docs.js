// Starts Swagger UI. A file of its own, so that the page needs no inline script.
// All addresses are relative to the page's: it may be below a prefix.
window.ui = SwaggerUIBundle({
  url: new URL('openapi.json', document.baseURI).href,
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'list', // the operations of all groups, each closed
  defaultModelsExpandDepth: 0, // the list of schemas is there, folded
  displayRequestDuration: true,
  validatorUrl: null, // which is on another host
});
