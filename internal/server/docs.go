package server

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	swaggerfiles "github.com/swaggo/files/v2"
	httpswagger "github.com/swaggo/http-swagger/v2"

	"tagifai/api"
)

// docsAssets are the files of Swagger UI that its page asks for. The rest of
// its distribution stays unserved: its own page points to a host elsewhere.
var docsAssets = []string{
	"favicon-16x16.png",
	"favicon-32x32.png",
	"swagger-ui-bundle.js",
	"swagger-ui-standalone-preset.js",
	"swagger-ui.css",
}

// docs is the description of the API, as a page and as a Swagger 2.0 document.
// Both are made once; the page needs nothing from any other host.
type docs struct {
	page []byte
	spec []byte
}

func newDocs() (*docs, error) {
	var page capture
	request, err := http.NewRequest(http.MethodGet, "/docs/index.html", nil)
	if err != nil {
		return nil, err
	}
	request.RequestURI = request.URL.Path // the handler reads nothing else
	httpswagger.Handler(httpswagger.URL("docs/doc.json"), httpswagger.Layout(httpswagger.BaseLayout)).ServeHTTP(&page, request)
	// The page is at /docs and not in /docs/. Relative paths also hold behind a
	// proxy that serves us below a path of its own.
	html := strings.NewReplacer(`href="./`, `href="docs/`, `src="./`, `src="docs/`).Replace(page.String())
	if !strings.Contains(html, `src="docs/swagger-ui-bundle.js"`) {
		return nil, errors.New("docs: Swagger UI's page is not the one we know")
	}
	spec, err := withExample(api.SwaggerInfo.ReadDoc())
	if err != nil {
		return nil, fmt.Errorf("docs: %w", err)
	}
	return &docs{page: []byte(html), spec: spec}, nil
}

// withExample gives the document the example of a payload, which no annotation
// can: they know none for a list of objects.
func withExample(document string) ([]byte, error) {
	var spec struct {
		Definitions map[string]map[string]any `json:"definitions"`
		Rest        map[string]any            `json:",embed"`
	}
	if err := json.Unmarshal([]byte(document), &spec); err != nil {
		return nil, err
	}
	payload, ok := spec.Definitions["PredictPayload"]
	if !ok {
		return nil, errors.New("the document has no PredictPayload")
	}
	payload["example"] = examplePayload
	return json.Marshal(spec, json.Deterministic(true))
}

// index answers GET /docs.
func (d *docs) index(w http.ResponseWriter, r *http.Request) {
	// The page's own script is inline; nothing may come from another host.
	w.Header().Set("Content-Security-Policy", "default-src 'self' 'unsafe-inline'; img-src 'self' data:")
	serveBytes(w, "text/html; charset=utf-8", d.page)
}

// document answers GET /docs/doc.json.
func (d *docs) document(w http.ResponseWriter, r *http.Request) {
	spec := d.spec
	// Below a path of its own the service is at that path. The root path has nothing
	// that JSON would escape.
	if root := rootPathOf(r); root != "" {
		spec = bytes.Replace(spec, []byte(`"basePath":""`), []byte(`"basePath":"`+root+`"`), 1)
	}
	serveBytes(w, "application/json", spec)
}

// asset answers GET /docs/{name}.
func (d *docs) asset(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, swaggerfiles.FS, name)
	}
}

func serveBytes(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	_, _ = w.Write(body)
}

// capture is a ResponseWriter that keeps the body.
type capture struct {
	bytes.Buffer
	header http.Header
}

func (c *capture) WriteHeader(int) {}

func (c *capture) Header() http.Header {
	if c.header == nil {
		c.header = http.Header{}
	}
	return c.header
}
