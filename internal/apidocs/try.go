package apidocs

import (
	"bytes"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// The policy of /try: nothing inline, and nothing from another host.
const tryPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// addTry adds the page on which people try the models. It is plain HTML, CSS and
// JavaScript modules.
func addTry(files map[string]http.Handler, version string) {
	const dir = "pages/try"
	read := func(name string) []byte { return trimLines(must(pages.ReadFile(path.Join(dir, name)))) }
	page := newAsset(textHTML, revalidate, func() []byte {
		return bytes.Replace(read("index.html"), []byte("<footer></footer>"), footer(version), 1)
	})
	page.policy = tryPolicy
	files["/try"] = page
	entries, err := fs.ReadDir(pages, dir)
	if err != nil {
		panic(err)
	}
	contentTypes := map[string]string{".css": textCSS, ".js": textJavaScript}
	for _, entry := range entries {
		if contentType := contentTypes[path.Ext(entry.Name())]; contentType != "" {
			// The modules of two versions do not fit together: a browser asks for each.
			files["/try/"+entry.Name()] = newAsset(contentType, revalidate, func() []byte {
				if contentType == textCSS {
					return []byte(squeeze.Replace(string(read(entry.Name()))))
				}
				return read(entry.Name())
			})
		}
	}
}

// squeeze leaves out the spaces that CSS does not need.
var squeeze = strings.NewReplacer(" { ", "{", " {\n", "{", "; }\n", "}\n", ";\n", ";", ": ", ":", "; ", ";", ", ", ",")

// trimLines leaves out what is only for those who read the source: indentation, and
// comments. Nothing in these files goes on over the end of a line as a string, and no
// string has a comment's slashes between spaces.
func trimLines(source []byte) []byte {
	trimmed := make([]byte, 0, len(source))
	for line := range bytes.Lines(source) {
		line = bytes.TrimLeft(line, " ")
		if bytes.HasPrefix(line, []byte("//")) {
			continue
		}
		if code, _, ok := bytes.Cut(line, []byte(" // ")); ok {
			line = append(line[:len(code)], '\n')
		}
		trimmed = append(trimmed, line...)
	}
	return trimmed
}
