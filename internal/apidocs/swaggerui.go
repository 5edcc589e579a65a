package apidocs

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	httpswagger "github.com/swaggo/http-swagger/v2"
)

// A swaggerUI is Swagger UI's page, with nothing inline, so that a content security
// policy can do without exceptions.
type swaggerUI struct{ page, script, style []byte }

// newSwaggerUI renders http-swagger's page once and takes it apart. It is made for a
// folder of its own, but stands at /docs, without a slash.
func newSwaggerUI(version string) *swaggerUI {
	before, phone := must(pages.ReadFile("pages/docs.js")), must(pages.ReadFile("pages/docs.css"))
	handler := httpswagger.Handler(
		httpswagger.URL("openapi.json"), // relative to the page: a proxy may have put it below a prefix
		httpswagger.Layout(httpswagger.BaseLayout),
		httpswagger.DocExpansion("list"), // the operations of all groups, each closed
		httpswagger.DefaultModelsExpandDepth(0),
		httpswagger.BeforeScript(string(before)),
		httpswagger.Plugins([]string{"requestsStayHere"}), // of docs.js
		httpswagger.UIConfig(map[string]string{"displayRequestDuration": "true"}),
	)
	var rendered capture
	handler(&rendered, &http.Request{Method: http.MethodGet, RequestURI: "/docs/index.html"}) // it reads nothing else

	page := rendered.String()
	var script, style string
	for _, part := range []struct {
		open, end, replacement string
		inner                  *string
	}{
		{"<script>", "</script>", `<script src="docs/start.js"></script>`, &script},
		{"<style>", "</style>", `<link rel="stylesheet" href="docs/page.css">`, &style},
		{"<svg", "</svg>", "", new(string)}, // icons that this version of Swagger UI brings itself
		{`<meta charset="UTF-8"`, ">", `<meta charset="UTF-8"><meta name="viewport" content="width=device-width, initial-scale=1">`, new(string)},
		{"<body>", "", `<body><p class="try"><a href="try">Try the model</a> on a page that needs no code.</p>`, new(string)},
		{"</body>", "", string(footer(version)) + "</body>", new(string)},
		{"<title>", "</title>", "<title>TagIfAI - Swagger UI</title>", new(string)},
	} {
		head, rest, found := strings.Cut(page, part.open)
		inner, tail, closed := strings.Cut(rest, part.end)
		if !found || !closed {
			panic(fmt.Sprintf("the page of Swagger UI has no %s: it is not the one we know", part.open))
		}
		page, *part.inner = head+part.replacement+tail, inner
	}
	page = strings.NewReplacer(`href="./`, `href="docs/`, `src="./`, `src="docs/`).Replace(page)
	return &swaggerUI{page: []byte(page), script: []byte(script), style: append([]byte(style), phone...)}
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
