package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// ManifestFile is the file of a version that says what else is in it.
	ManifestFile = "manifest.json"

	maxManifest = 1 << 20 // bytes
	maxFiles    = 1000    // of a version
	maxBytes    = 8 << 30 // of a version
)

// A Manifest says what a version consists of, and where it comes from.
type Manifest struct {
	Origin
	Files map[string]File `json:"files"` // by path, with slashes
}

// An Origin says where a version comes from.
type Origin struct {
	Source string    `json:"source"` // a directory, an address: for people
	Time   time.Time `json:"time"`   // when it was added
	Tool   string    `json:"tool"`   // that added it, with its version
	By     string    `json:"by"`     // who added it
}

// A File is what a manifest says of a file.
type File struct {
	SHA256 string `json:"sha256"` // in hexadecimal
	Size   int64  `json:"size"`
}

// Bytes returns the size of all files.
func (m *Manifest) Bytes() int64 {
	total := int64(0)
	for _, file := range m.Files {
		total += file.Size
	}
	return total
}

// Checksum returns the SHA-256 of the list of all files, sorted, as sha256sum prints it.
func (m *Manifest) Checksum() string {
	sum := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(m.Files)) {
		fmt.Fprintf(sum, "%s  %s\n", m.Files[path].SHA256, path)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Manifest reads the manifest of a version.
func (s *Store) Manifest(name string, version int) (*Manifest, error) {
	if err := s.findVersion(name, version); err != nil {
		return nil, err
	}
	file := filepath.Join(s.VersionDir(name, version), ManifestFile)
	m, err := readManifest(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errorf(ErrRefused, "%s has no %s; if it is complete, run: tagifai models adopt %s %d", versionOf(name, version), ManifestFile, name, version)
	}
	return m, err
}

func readManifest(file string) (*Manifest, error) {
	if info, err := os.Lstat(file); err == nil && !info.Mode().IsRegular() {
		return nil, errorf(ErrRefused, "%s: not a regular file", file)
	}
	data, err := readFile(file, maxManifest)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, errorf(ErrRefused, "%s: %w", file, err)
	}
	return m, nil
}

func parseManifest(data []byte) (*Manifest, error) {
	m := new(Manifest)
	if err := json.Unmarshal(data, m, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	if len(m.Files) == 0 {
		return nil, errors.New("files: there are none")
	}
	for _, path := range slices.Sorted(maps.Keys(m.Files)) {
		if sum, err := hex.DecodeString(m.Files[path].SHA256); !fs.ValidPath(path) || err != nil || len(sum) != sha256.Size || m.Files[path].Size < 0 {
			return nil, fmt.Errorf("files: %.80q: not the path, the SHA-256 and the size of a file", path)
		}
	}
	return m, nil
}

func (m *Manifest) marshal() ([]byte, error) {
	data, err := json.Marshal(m, json.Deterministic(true), jsontext.WithIndent("  "))
	return append(data, '\n'), err
}

// Verify compares all files of a version with its manifest, which it returns. The error
// names the first file that differs.
func (s *Store) Verify(ctx context.Context, name string, version int) (*Manifest, error) {
	m, err := s.Manifest(name, version)
	if err != nil {
		return nil, err
	}
	if err := m.verify(ctx, versionOf(name, version), s.VersionDir(name, version)); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Manifest) verify(ctx context.Context, what, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	sizes, err := listFiles(root)
	if err != nil {
		return errorf(ErrRefused, "%s: %w", what, err)
	}
	refuse := func(path, format string, args ...any) error {
		return errorf(ErrRefused, "%s: %s: %s, unlike in %s", what, path, fmt.Sprintf(format, args...), ManifestFile)
	}
	for _, path := range slices.Sorted(maps.Keys(m.Files)) { // before any of them is read
		size, ok := sizes[path]
		switch {
		case !ok:
			return refuse(path, "is missing")
		case size != m.Files[path].Size:
			return refuse(path, "has %d bytes, not %d", size, m.Files[path].Size)
		}
		delete(sizes, path)
	}
	for path := range sizes {
		return refuse(path, "is there")
	}
	for _, path := range slices.Sorted(maps.Keys(m.Files)) {
		file, err := hash(ctx, root, path, false)
		if err != nil {
			return err
		}
		if file != m.Files[path] {
			return refuse(path, "has the SHA-256 %s", file.SHA256)
		}
	}
	return nil
}

// listFiles returns the sizes of the files below root, except its manifest. Whatever is
// neither a regular file nor a directory is an error.
func listFiles(root *os.Root) (map[string]int64, error) {
	sizes := make(map[string]int64)
	total := int64(0)
	err := fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path == ManifestFile {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is a %s; want regular files only, which cp -rL makes of links", path, kind(entry.Type()))
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		sizes[path] = info.Size()
		total += info.Size()
		if len(sizes) > maxFiles || total > maxBytes {
			return fmt.Errorf("more than %d files or %d bytes; is it the directory of a model?", maxFiles, int64(maxBytes))
		}
		return nil
	})
	return sizes, err
}

func kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "FIFO"
	case mode&fs.ModeSocket != 0:
		return "socket"
	}
	return "device"
}

// seal returns what a manifest says of the files below dir, once they have reached the
// disk. Errors call it what.
func seal(ctx context.Context, what, dir string) (map[string]File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	sizes, err := listFiles(root)
	if err != nil {
		return nil, errorf(ErrRefused, "%s: %w", what, err)
	}
	if len(sizes) == 0 {
		return nil, errorf(ErrRefused, "%s: there is no file in it", what)
	}
	files := make(map[string]File, len(sizes))
	for path := range sizes {
		if files[path], err = hash(ctx, root, path, true); err != nil {
			return nil, err
		}
	}
	return files, fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			err = syncDir(filepath.Join(dir, path))
		}
		return err
	})
}

// hash reads a regular file, and has it reach the disk if sync is set.
func hash(ctx context.Context, root *os.Root, path string, sync bool) (File, error) {
	f, err := openRegular(root, path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	if sync {
		if err := f.Sync(); err != nil {
			return File{}, err
		}
	}
	sum := sha256.New()
	size, err := io.Copy(sum, &contextReader{ctx, f})
	return File{hex.EncodeToString(sum.Sum(nil)), size}, err
}

// openRegular opens a file for reading. It does not wait for the writer of a FIFO.
func openRegular(root *os.Root, path string) (*os.File, error) {
	f, err := root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errorf(ErrRefused, "%s: not a regular file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// A contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
