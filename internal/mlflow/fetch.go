package mlflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// What a version may have.
const (
	maxFiles = 1000
	maxBytes = 4 << 30
	maxDepth = 8 // of directories
)

// Options say which server is asked, and as whom.
type Options struct {
	Server string // http://127.0.0.1:5000
	Credentials
}

// Fetch downloads a version of a registered model into dir, which has to exist and be
// empty. The URI is one of
//
//	models:/NAME@ALIAS
//	models:/NAME/NUMBER
//	models:/NAME/latest
//
// It returns which version of which server that is, for people. The files come from the
// server, as a proxy of its artifact store, or from a path of this machine if that is
// where the version lies.
func Fetch(ctx context.Context, options Options, uri, dir string) (version string, err error) {
	wanted, err := parseURI(uri)
	if err != nil {
		return "", err
	}
	c, err := newClient(options.Server, options.Credentials)
	if err != nil {
		return "", err
	}
	v, err := c.find(ctx, wanted)
	if err != nil {
		return "", fmt.Errorf("%s: %w", uri, err)
	}
	from, err := c.locate(ctx, v)
	if err != nil {
		return "", fmt.Errorf("%s: %w", uri, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	f := &fetcher{from: from, to: root, left: maxBytes}
	if err := f.fetch(ctx, ".", 0); err != nil {
		return "", fmt.Errorf("%s: %w", uri, err)
	}
	if _, err := root.Stat(ModelFile); err != nil {
		return "", fmt.Errorf("%s: there is no %s in it, so it is not a model of MLflow's", uri, ModelFile)
	}
	return fmt.Sprintf("models:/%s/%s of %s", v.Name, v.Version, c.base), nil
}

// A reference is what a URI asks for: one of alias, number or, with neither, the latest.
type reference struct{ name, alias, number string }

func parseURI(uri string) (reference, error) {
	wrong := func(format string, args ...any) (reference, error) {
		return reference{}, fmt.Errorf("%q: %s; wanted is models:/NAME@ALIAS, models:/NAME/NUMBER or models:/NAME/latest", uri, fmt.Sprintf(format, args...))
	}
	rest, ok := strings.CutPrefix(uri, "models:/")
	if !ok {
		return wrong("not a URI of a registered model")
	}
	if name, alias, ok := strings.Cut(rest, "@"); ok {
		if name == "" || alias == "" || strings.ContainsAny(rest, "/:") {
			return wrong("the name or the alias is missing")
		}
		return reference{name: name, alias: alias}, nil
	}
	name, version, ok := strings.Cut(rest, "/")
	switch {
	case !ok || name == "" || version == "":
		return wrong("the version is missing")
	case version == "latest":
		return reference{name: name}, nil
	}
	if n, err := strconv.ParseUint(version, 10, 31); err != nil || n == 0 {
		return wrong("%q is not the number of a version (stages are not supported)", version)
	}
	return reference{name: name, number: version}, nil
}

// A modelVersion is a version of a registered model.
type modelVersion struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Status  string `json:"status"`
}

// find asks which version a reference stands for.
func (c *client) find(ctx context.Context, r reference) (*modelVersion, error) {
	var answer struct {
		Version  *modelVersion  `json:"model_version"`
		Versions []modelVersion `json:"model_versions"`
	}
	var err error
	switch {
	case r.alias != "":
		err = c.getJSON(ctx, "mlflow/registered-models/alias", url.Values{"name": {r.name}, "alias": {r.alias}}, &answer)
	case r.number != "":
		err = c.getJSON(ctx, "mlflow/model-versions/get", url.Values{"name": {r.name}, "version": {r.number}}, &answer)
	default:
		filter := "name='" + strings.ReplaceAll(r.name, "'", "''") + "'"
		err = c.getJSON(ctx, "mlflow/model-versions/search", url.Values{"filter": {filter}, "order_by": {"version_number DESC"}, "max_results": {"1"}}, &answer)
		if err == nil && len(answer.Versions) == 0 {
			return nil, c.errorf("the model %s has no versions", excerpt(r.name))
		}
		if err == nil {
			answer.Version = &answer.Versions[0]
		}
	}
	v := answer.Version
	switch {
	case err != nil:
		return nil, err
	case v == nil || v.Version == "":
		return nil, c.errorf("it did not say which version that is")
	case v.Status != "" && v.Status != "READY":
		return nil, c.errorf("version %s is not ready: %s", excerpt(v.Version), excerpt(v.Status))
	}
	return v, nil
}

// locate returns where the files of a version are.
func (c *client) locate(ctx context.Context, v *modelVersion) (artifacts, error) {
	var answer struct {
		URI string `json:"artifact_uri"`
	}
	if err := c.getJSON(ctx, "mlflow/model-versions/get-download-uri", url.Values{"name": {v.Name}, "version": {v.Version}}, &answer); err != nil {
		return nil, err
	}
	uri := answer.URI
	if id, ok := strings.CutPrefix(uri, "models:/m-"); ok { // of MLflow 3, before it knew the place
		var logged struct {
			Model struct {
				Info struct {
					URI string `json:"artifact_uri"`
				} `json:"info"`
			} `json:"model"`
		}
		if err := c.getJSON(ctx, "mlflow/logged-models/m-"+url.PathEscape(id), nil, &logged); err != nil {
			return nil, err
		}
		uri = logged.Model.Info.URI
	}
	return c.artifacts(uri)
}

// artifacts returns the files at a URI of MLflow's.
func (c *client) artifacts(uri string) (artifacts, error) {
	u, err := url.Parse(uri)
	if err != nil || uri == "" {
		return nil, c.errorf("it gave no place of the files")
	}
	switch u.Scheme {
	case "mlflow-artifacts":
		if u.Host != "" && u.Host != c.base.Host {
			return nil, c.errorf("the files are at another server, %s, which is not asked: the credentials are for %s", excerpt(u.Host), c.base.Host)
		}
		dir := strings.Trim(u.Path, "/")
		if !fs.ValidPath(dir) {
			return nil, c.errorf("the files are at %s, which is not a path", excerpt(uri))
		}
		return &proxied{c, dir}, nil
	case "file", "":
		if u.Host != "" && u.Host != "localhost" || !filepath.IsAbs(u.Path) {
			return nil, c.errorf("the files are at %s, which is not a path of this machine", excerpt(uri))
		}
		return openLocal(u.Path)
	}
	return nil, c.errorf("the files are at %s://, which this program does not read; have the server serve them (mlflow server --serve-artifacts), or download them with mlflow artifacts download, and add the directory", excerpt(u.Scheme))
}

// Artifacts are files in directories. Paths are those of package fs.
type artifacts interface {
	list(ctx context.Context, dir string) ([]artifact, error)
	open(ctx context.Context, file string) (io.ReadCloser, error)
}

// An artifact is an entry of a directory.
type artifact struct {
	Name  string `json:"path"` // without its directory
	IsDir bool   `json:"is_dir"`
}

// proxied are artifacts that the server hands out.
type proxied struct {
	client *client
	dir    string
}

func (p *proxied) list(ctx context.Context, dir string) ([]artifact, error) {
	var answer struct {
		Files []artifact `json:"files"`
	}
	err := p.client.getJSON(ctx, "mlflow-artifacts/artifacts", url.Values{"path": {path.Join(p.dir, dir)}}, &answer)
	return answer.Files, err
}

func (p *proxied) open(ctx context.Context, file string) (io.ReadCloser, error) {
	elements := []string{"api/2.0/mlflow-artifacts/artifacts"}
	for element := range strings.SplitSeq(path.Join(p.dir, file), "/") {
		elements = append(elements, url.PathEscape(element))
	}
	return p.client.download(ctx, elements)
}

// local are artifacts of this machine.
type local struct{ fs.FS }

func openLocal(dir string) (artifacts, error) {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("not a directory")
	}
	if err != nil {
		return nil, fmt.Errorf("the files are at %s, says the server, which has to be a directory of this machine: %w", excerpt(dir), err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return local{root.FS()}, nil
}

func (l local) list(_ context.Context, dir string) ([]artifact, error) {
	entries, err := fs.ReadDir(l.FS, dir)
	var all []artifact
	for _, entry := range entries {
		all = append(all, artifact{entry.Name(), entry.IsDir()})
	}
	return all, err
}

func (l local) open(_ context.Context, file string) (io.ReadCloser, error) {
	info, err := fs.Stat(l.FS, file)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", file)
	}
	if err != nil {
		return nil, err
	}
	return l.FS.Open(file)
}

// A fetcher copies artifacts into a directory, out of which no name leads.
type fetcher struct {
	from  artifacts
	to    *os.Root
	files int
	left  int64 // bytes that may still come
}

func (f *fetcher) fetch(ctx context.Context, dir string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%s: more than %d directories in each other", dir, maxDepth)
	}
	entries, err := f.from.list(ctx, dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if f.files++; f.files > maxFiles {
			return fmt.Errorf("more than the %d files that are allowed", maxFiles)
		}
		if !fs.ValidPath(entry.Name) || entry.Name == "." || strings.ContainsAny(entry.Name, "/\\:\x00") {
			return fmt.Errorf("%q is not a name of a file", entry.Name)
		}
		name := path.Join(dir, entry.Name)
		if entry.IsDir {
			if err := f.to.Mkdir(name, 0o755); err != nil {
				return err
			}
			err = f.fetch(ctx, name, depth+1)
		} else {
			err = f.copy(ctx, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *fetcher) copy(ctx context.Context, name string) (err error) {
	from, err := f.from.open(ctx, name)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := f.to.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	n, err := io.Copy(to, io.LimitReader(from, f.left+1))
	if err = errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if f.left -= n; f.left < 0 {
		return fmt.Errorf("%s: more than the %d bytes that are allowed for all files", name, int64(maxBytes))
	}
	return nil
}
