// Package apidocs serves the description of the API: the OpenAPI document, a Postman
// collection, and the pages /docs, /redoc and /try with all that they load. Nothing comes
// from another host, and nothing is in memory before somebody asks for it.
package apidocs

import (
	"bytes"
	"embed"
	"fmt"
	"html"
	"net/http"

	"tagifai/api"
)

// The pages' own files. All of their references are relative, so that they hold
// behind a proxy that serves us below a path of its own.
//
//go:embed pages
var pages embed.FS

// What Swagger UI and ReDoc bring, as internal/tools/apipages has written it: compressed,
// as browsers take it.
//
//go:embed bundled
var bundled embed.FS

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

// A Description is the OpenAPI document. It says where the service is: at the root of
// its host, unless clients have it below a path of its own.
type Description struct{ atRoot *asset }

// NewDescription returns the description of this service.
func NewDescription() Description {
	return Description{newAsset("application/json", revalidate, func() []byte { return api.OpenAPI })}
}

// ServeBelow answers GET and HEAD for a service that clients have below root, which is
// "" or a path such as /tagger.
func (d Description) ServeBelow(root string, w http.ResponseWriter, r *http.Request) {
	if root == "" {
		d.atRoot.ServeHTTP(w, r)
		return
	}
	// A root path has nothing in it that JSON would escape.
	below := bytes.Replace(api.OpenAPI, []byte(`"url": "/"`), []byte(`"url": "`+root+`"`), 1)
	newAsset(d.atRoot.contentType, d.atRoot.cache, func() []byte { return below }).ServeHTTP(w, r)
}

// Files returns, by path, the Postman collection and the pages with all that they load.
// Swagger UI has files beyond these; its own page points to a host elsewhere. The pages
// name the version of the service.
func Files(version string) map[string]http.Handler {
	file := func(from embed.FS, name string) func() []byte {
		return func() []byte { return must(from.ReadFile(name)) }
	}
	withVersion := func(from embed.FS, name, policy string) *asset {
		page := newAsset(textHTML, revalidate, func() []byte {
			return bytes.Replace(must(from.ReadFile(name)), []byte("<footer></footer>"), footer(version), 1)
		})
		page.policy = policy
		return page
	}
	files := map[string]http.Handler{
		"/docs":                                 withVersion(bundled, "bundled/docs.html", docsPolicy),
		"/docs/start.js":                        newAsset(textJavaScript, keep, file(bundled, "bundled/docs.js")),
		"/docs/page.css":                        newAsset(textCSS, keep, file(bundled, "bundled/docs.css")),
		"/docs/favicon-16x16.png":               newAsset(imagePNG, keep, file(bundled, "bundled/favicon-16x16.png")),
		"/docs/favicon-32x32.png":               newAsset(imagePNG, keep, file(bundled, "bundled/favicon-32x32.png")),
		"/docs/swagger-ui.css":                  newPacked(textCSS, file(bundled, "bundled/swagger-ui.css.gz")),
		"/docs/swagger-ui-standalone-preset.js": newPacked(textJavaScript, file(bundled, "bundled/swagger-ui-standalone-preset.js.gz")),
		"/docs/swagger-ui-bundle.js":            newPacked(textJavaScript, file(bundled, "bundled/swagger-ui-bundle.js.gz")),
		"/redoc":                                withVersion(pages, "pages/redoc.html", redocPolicy),
		"/redoc/start.js":                       newAsset(textJavaScript, keep, file(pages, "pages/redoc.js")),
		"/redoc/page.css":                       newAsset(textCSS, keep, file(pages, "pages/redoc.css")),
		"/redoc/redoc.standalone.js":            newPacked(textJavaScript, file(bundled, "bundled/redoc.standalone.js.gz")),
		"/postman.json":                         newAsset("application/json", revalidate, func() []byte { return api.Postman }),
		"/favicon.ico":                          newAsset(imageSVG, keep, file(pages, "pages/icon.svg")), // browsers ask for it without being told
	}
	addTry(files, version)
	return files
}

// footer is what stands below a page.
func footer(version string) []byte {
	return fmt.Appendf(nil, "<footer>TagIfAI %s</footer>", html.EscapeString(version))
}

// must returns what is read from the binary itself, which a test has seen to be there.
func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
