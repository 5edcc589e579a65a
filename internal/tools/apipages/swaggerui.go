package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/http"
	"strings"

	httpswagger "github.com/swaggo/http-swagger/v2"
)

// What is added to the page: a script that runs before its own, and style behind its own.
var (
	//go:embed before.js
	before string
	//go:embed after.css
	after string
)

// A swaggerUI is Swagger UI's page, with nothing inline, so that a content security
// policy can do without exceptions.
type swaggerUI struct{ page, script, style []byte }

// newSwaggerUI renders http-swagger's page and takes it apart. It is made for a folder of
// its own, but stands at /docs, without a slash. The service writes its version into the
// footer.
func newSwaggerUI() (*swaggerUI, error) {
	handler := httpswagger.Handler(
		httpswagger.URL("openapi.json"), // relative to the page: a proxy may have put it below a prefix
		httpswagger.Layout(httpswagger.BaseLayout),
		httpswagger.DocExpansion("list"), // the operations of all groups, each closed
		httpswagger.DefaultModelsExpandDepth(0),
		httpswagger.BeforeScript(before),
		httpswagger.Plugins([]string{"requestsStayHere"}), // of before.js
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
		{"</body>", "", "<footer></footer></body>", new(string)},
		{"<title>", "</title>", "<title>TagIfAI - Swagger UI</title>", new(string)},
	} {
		head, rest, found := strings.Cut(page, part.open)
		inner, tail, closed := strings.Cut(rest, part.end)
		if !found || !closed {
			return nil, fmt.Errorf("the page of Swagger UI has no %s: it is not the one we know", part.open)
		}
		page, *part.inner = head+part.replacement+tail, inner
	}
	page = strings.NewReplacer(`href="./`, `href="docs/`, `src="./`, `src="docs/`).Replace(page)
	return &swaggerUI{page: []byte(page), script: []byte(script), style: []byte(style + after)}, nil
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
