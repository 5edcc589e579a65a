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

const openAPIPath = "/openapi.json"

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

// description answers GET /openapi.json. Below a path of its own the service is at
// that path, which has nothing that JSON would escape.
func description(w http.ResponseWriter, r *http.Request, asIs *asset) {
	root := rootPathOf(r)
	if root == "" {
		asIs.ServeHTTP(w, r)
		return
	}
	below := bytes.Replace(asIs.body, []byte(`"url": "/"`), []byte(`"url": "`+root+`"`), 1)
	newAsset(asIs.contentType, asIs.cache, below).ServeHTTP(w, r)
}

// documentation returns, by path, the files that describe the API: the document
// itself, a Postman collection, and the two pages with all that they load.
// Swagger UI has files beyond these; its own page points to a host elsewhere.
func documentation() (map[string]*asset, error) {
	ui, err := newSwaggerUI()
	if err != nil {
		return nil, fmt.Errorf("documentation: %w", err)
	}
	assets := map[string]*asset{
		"/docs":                      newAsset(textHTML, revalidate, ui.page),
		"/docs/start.js":             newAsset(textJavaScript, keep, ui.script),
		"/docs/page.css":             newAsset(textCSS, keep, ui.style),
		openAPIPath:                  newAsset("application/json", revalidate, api.OpenAPI),
		"/postman.json":              newAsset("application/json", revalidate, api.Postman),
		"/redoc/redoc.standalone.js": newAsset(textJavaScript, keep, []byte(redoc.JavaScript)),
	}
	for _, file := range []struct {
		path, contentType, cache string
		from                     fs.FS
		name                     string
	}{
		{"/docs/favicon-16x16.png", imagePNG, keep, swaggerfiles.FS, "favicon-16x16.png"},
		{"/docs/favicon-32x32.png", imagePNG, keep, swaggerfiles.FS, "favicon-32x32.png"},
		{"/docs/swagger-ui.css", textCSS, keep, swaggerfiles.FS, "swagger-ui.css"},
		{"/docs/swagger-ui-standalone-preset.js", textJavaScript, keep, swaggerfiles.FS, "swagger-ui-standalone-preset.js"},
		{"/docs/swagger-ui-bundle.js", textJavaScript, keep, swaggerfiles.FS, "swagger-ui-bundle.js"},
		{"/redoc", textHTML, revalidate, pages, "pages/redoc.html"},
		{"/redoc/page.css", textCSS, keep, pages, "pages/redoc.css"},
		{"/redoc/start.js", textJavaScript, keep, pages, "pages/redoc.js"},
		{"/favicon.ico", imageSVG, keep, pages, "pages/icon.svg"}, // which browsers ask for of themselves
	} {
		body, err := fs.ReadFile(file.from, file.name)
		if err != nil {
			return nil, fmt.Errorf("documentation: %w", err)
		}
		assets[file.path] = newAsset(file.contentType, file.cache, body)
	}
	assets["/docs"].policy = docsPolicy
	assets["/redoc"].policy = redocPolicy
	return assets, nil
}
