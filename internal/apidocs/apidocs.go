// Package apidocs serves the description of the API: the OpenAPI document, a Postman
// collection, and the pages /docs, /redoc and /try with all that they load. Nothing comes
// from another host, and nothing is in memory before somebody asks for it.
package apidocs

import (
	"bytes"
	"embed"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"sync"

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
	ui := sync.OnceValue(func() *swaggerUI { return newSwaggerUI(version) })
	file := func(from fs.FS, name string) func() []byte {
		return func() []byte { return must(fs.ReadFile(from, name)) }
	}
	page := newAsset(textHTML, revalidate, func() []byte { return ui().page })
	page.policy = docsPolicy
	reference := newAsset(textHTML, revalidate, func() []byte {
		return bytes.Replace(must(pages.ReadFile("pages/redoc.html")), []byte("<footer></footer>"), footer(version), 1)
	})
	reference.policy = redocPolicy
	files := map[string]http.Handler{
		"/docs":                                 page,
		"/docs/start.js":                        newAsset(textJavaScript, keep, func() []byte { return ui().script }),
		"/docs/page.css":                        newAsset(textCSS, keep, func() []byte { return ui().style }),
		"/docs/favicon-16x16.png":               newAsset(imagePNG, keep, file(swaggerfiles.FS, "favicon-16x16.png")),
		"/docs/favicon-32x32.png":               newAsset(imagePNG, keep, file(swaggerfiles.FS, "favicon-32x32.png")),
		"/docs/swagger-ui.css":                  newAsset(textCSS, keep, file(swaggerfiles.FS, "swagger-ui.css")),
		"/docs/swagger-ui-standalone-preset.js": newAsset(textJavaScript, keep, file(swaggerfiles.FS, "swagger-ui-standalone-preset.js")),
		"/docs/swagger-ui-bundle.js":            newAsset(textJavaScript, keep, file(swaggerfiles.FS, "swagger-ui-bundle.js")),
		"/redoc":                                reference,
		"/redoc/start.js":                       newAsset(textJavaScript, keep, file(pages, "pages/redoc.js")),
		"/redoc/page.css":                       newAsset(textCSS, keep, file(pages, "pages/redoc.css")),
		"/redoc/redoc.standalone.js":            newAsset(textJavaScript, keep, func() []byte { return []byte(redoc.JavaScript) }),
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
