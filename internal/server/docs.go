package server

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/mvrilo/go-redoc"
	swaggerfiles "github.com/swaggo/files/v2"

	"tagifai/api"
)

// The pages' own files. All of their references are relative, so that they hold
// behind a proxy that serves us below a path of its own.
//
//go:embed pages
var pages embed.FS

const (
	textHTML       = "text/html; charset=utf-8"
	textCSS        = "text/css; charset=utf-8"
	textJavaScript = "text/javascript; charset=utf-8"
	imageSVG       = "image/svg+xml"
	imagePNG       = "image/png"
)

// The policies allow each page what it needs, and nothing from another host.
const (
	// data: is for the icons in Swagger UI's style sheet.
	docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
	// ReDoc adds an empty style element, which the hash stands for, and fills it
	// by script; its search is a worker that it makes of a string.
	redocPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; " +
		"img-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

// An openAPI is the description of the API, which says where the service is: at the
// root of its host, unless clients have it below a path of its own.
type openAPI struct{ atRoot *asset }

// ServeHTTP answers GET and HEAD.
func (d openAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	root := exchangeOf(w).prefix
	if root == "" {
		d.atRoot.ServeHTTP(w, r)
		return
	}
	// A root path has nothing in it that JSON would escape.
	below := bytes.Replace(d.atRoot.body, []byte(`"url": "/"`), []byte(`"url": "`+root+`"`), 1)
	newAsset(d.atRoot.contentType, d.atRoot.cache, below).ServeHTTP(w, r)
}

// documentation returns, by path, the files that describe the API: the document
// itself, a Postman collection, and the two pages with all that they load.
// Swagger UI has files beyond these; its own page points to a host elsewhere.
func documentation() (map[string]http.Handler, error) {
	ui, err := newSwaggerUI()
	if err != nil {
		return nil, fmt.Errorf("documentation: %w", err)
	}
	page := newAsset(textHTML, revalidate, ui.page)
	page.policy = docsPolicy
	reference, err := pages.ReadFile("pages/redoc.html")
	if err != nil {
		return nil, fmt.Errorf("documentation: %w", err)
	}
	redocPage := newAsset(textHTML, revalidate, reference)
	redocPage.policy = redocPolicy
	files := map[string]http.Handler{
		"/docs":                      page,
		"/docs/start.js":             newAsset(textJavaScript, keep, ui.script),
		"/docs/page.css":             newAsset(textCSS, keep, ui.style),
		"/redoc":                     redocPage,
		"/openapi.json":              openAPI{newAsset("application/json", revalidate, api.OpenAPI)},
		"/postman.json":              newAsset("application/json", revalidate, api.Postman),
		"/redoc/redoc.standalone.js": newAsset(textJavaScript, keep, []byte(redoc.JavaScript)),
	}
	for _, file := range []struct {
		path, contentType string
		from              fs.FS
		name              string
	}{
		{"/docs/favicon-16x16.png", imagePNG, swaggerfiles.FS, "favicon-16x16.png"},
		{"/docs/favicon-32x32.png", imagePNG, swaggerfiles.FS, "favicon-32x32.png"},
		{"/docs/swagger-ui.css", textCSS, swaggerfiles.FS, "swagger-ui.css"},
		{"/docs/swagger-ui-standalone-preset.js", textJavaScript, swaggerfiles.FS, "swagger-ui-standalone-preset.js"},
		{"/docs/swagger-ui-bundle.js", textJavaScript, swaggerfiles.FS, "swagger-ui-bundle.js"},
		{"/redoc/page.css", textCSS, pages, "pages/redoc.css"},
		{"/redoc/start.js", textJavaScript, pages, "pages/redoc.js"},
		{"/favicon.ico", imageSVG, pages, "pages/icon.svg"}, // which browsers ask for of themselves
	} {
		body, err := fs.ReadFile(file.from, file.name)
		if err != nil {
			return nil, fmt.Errorf("documentation: %w", err)
		}
		files[file.path] = newAsset(file.contentType, keep, body)
	}
	return files, nil
}
