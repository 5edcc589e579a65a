// Command apipages writes what the pages /docs and /redoc load into the directory that it is
// given: the page that http-swagger renders, taken apart, and the bundles of Swagger UI and
// ReDoc, compressed. make docs runs it. The service has these files and not the modules that
// they come from, which would put eleven megabytes of source maps into it, and swag with
// Go's own compiler front end.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mvrilo/go-redoc"
	swaggerfiles "github.com/swaggo/files/v2"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: apipages directory")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "apipages:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	files, err := files()
	if err != nil {
		return err
	}
	for name, content := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), content, 0o644))
	}
	return err
}

// files returns the files by name.
func files() (map[string][]byte, error) {
	ui, err := newSwaggerUI()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		"docs.html":              ui.page,
		"docs.js":                ui.script,
		"docs.css":               ui.style,
		"redoc.standalone.js.gz": compress([]byte(redoc.JavaScript)),
	}
	for _, name := range []string{"swagger-ui.css", "swagger-ui-standalone-preset.js", "swagger-ui-bundle.js"} {
		content, err := fs.ReadFile(swaggerfiles.FS, name)
		if err != nil {
			return nil, err
		}
		files[name+".gz"] = compress(content)
	}
	for _, name := range []string{"favicon-16x16.png", "favicon-32x32.png"} {
		if files[name], err = fs.ReadFile(swaggerfiles.FS, name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// compress returns b as small as gzip makes it.
func compress(b []byte) []byte {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		panic(err) // there is this level
	}
	_, _ = w.Write(b) // to memory: it cannot fail
	_ = w.Close()
	return packed.Bytes()
}
