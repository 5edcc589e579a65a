package model

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// dirFS is an artifact directory on disk. Unlike [os.DirFS] it opens nothing but
// regular files, and so never waits for somebody to write into a FIFO. Symbolic links
// may lead out of the directory, as those of model caches do.
type dirFS string

func (dir dirFS) Open(name string) (fs.File, error) {
	path, err := dir.path("open", name)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, notRegular(name, info)
	}
	// The file may be another by now, so the flag keeps the open from blocking, and
	// what was opened is looked at again.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, named(err, name)
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = notRegular(name, info)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (dir dirFS) Stat(name string) (fs.FileInfo, error) {
	path, err := dir.path("stat", name)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	return info, named(err, name)
}

func (dir dirFS) ReadDir(name string) ([]fs.DirEntry, error) {
	path, err := dir.path("readdir", name)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(path)
	return entries, named(err, name)
}

func (dir dirFS) Sub(name string) (fs.FS, error) {
	path, err := dir.path("sub", name)
	return dirFS(path), err
}

func (dir dirFS) path(op, name string) (string, error) {
	local, err := filepath.Localize(name)
	if err != nil {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return filepath.Join(string(dir), local), nil
}

// named replaces the path in an error by the name within the directory.
func named(err error, name string) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: e.Op, Path: name, Err: e.Err}
	}
	return err
}

func notRegular(name string, info fs.FileInfo) error {
	kind := "a device"
	switch mode := info.Mode(); {
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a FIFO"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	}
	return fmt.Errorf("%s: is %s; only regular files are read", name, kind)
}

// ReadFile reads a whole regular file of at most limit bytes. It does not read from a
// larger one. Errors name the file.
func ReadFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(name, info)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %d bytes, more than the %d that are allowed", name, info.Size(), limit)
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// FindDir returns the artifact directory that path stands for: path itself or, if path
// is a file that holds a model, its directory. An error says what is there instead.
func FindDir(path string, formats ...Format) (string, error) {
	dir, _, err := findDir(path, formats)
	if err != nil {
		return "", fmt.Errorf("model %s: %w", path, err)
	}
	return dir, nil
}

// findDir also returns the format that reads the file, if path is one.
func findDir(path string, formats []Format) (dir string, only *Format, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return "", nil, missing(path, err, formats)
	case err != nil:
		return "", nil, errors.Unwrap(err) // without the path
	case info.IsDir():
		return path, nil, nil
	}
	dir, name := filepath.Dir(path), filepath.Base(path)
	for _, f := range formats {
		if f.File == nil {
			continue
		}
		if only, ok := f.File(dirFS(dir), name); ok {
			return dir, &only, nil
		}
	}
	format, file, err := findFormat(dirFS(dir), formats)
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("is not a directory, and %s has none of the files %s", dir, sought(formats))
	case file != name:
		return "", nil, fmt.Errorf("is not a directory, nor the weights file of %s, which is %s (%s)", dir, file, format.Name)
	}
	return dir, &format, nil
}

// missing says what is where path was looked for. The cause is an error of os.Stat.
func missing(path string, cause error, formats []Format) error {
	cause = errors.Unwrap(cause) // without the path
	parent := filepath.Dir(filepath.Clean(path))
	info, err := os.Stat(parent)
	for err != nil && parent != filepath.Dir(parent) {
		parent = filepath.Dir(parent)
		info, err = os.Stat(parent)
	}
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%w: %s is a file", cause, parent)
	}
	there, err := contents(dirFS(parent), formats)
	if err != nil {
		return cause
	}
	return fmt.Errorf("%w: looked for a directory with %s; %s has %s", cause, sought(formats), parent, there)
}
