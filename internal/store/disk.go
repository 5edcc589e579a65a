package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// abandoned is the age at which what a killed process left behind is cleared away.
const abandoned = time.Hour

// readFile reads a regular file of at most limit bytes. It does not wait for the writer
// of a FIFO.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errorf(ErrRefused, "%s: not a regular file", name)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, errorf(ErrRefused, "%s: more than the %d bytes that are allowed", name, limit)
	}
	return data, nil
}

// besidePrefix is how the names of files begin that are to become the file named base.
func besidePrefix(base string) string { return "." + base + ".new." }

// writeFile makes a file beside another, with data that has reached the disk, and
// returns its name.
func writeFile(beside string, data []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(beside), besidePrefix(filepath.Base(beside)))
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// syncDir makes what happened to the names in a directory reach the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	// Some network volumes cannot.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

// clearAbandoned removes what is in dir, begins with the prefix, and has not changed for
// an hour. What cannot be removed stays: it is in nobody's way.
func clearAbandoned(dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if strings.HasPrefix(entry.Name(), prefix) && time.Since(lastChange(path)) > abandoned {
			_ = os.RemoveAll(path)
		}
	}
}

// lastChange returns the newest time of a file, or of a directory and all that is in it.
func lastChange(path string) time.Time {
	var newest time.Time
	_ = filepath.WalkDir(path, func(_ string, entry os.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what has gone has no time
		}
		if info, err := entry.Info(); err == nil && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
		return nil
	})
	return newest
}
