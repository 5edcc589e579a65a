package store

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// AddTar makes a version of the artifact directory that a tar stream holds, and returns
// its number. The stream may be compressed by gzip or zstd, and may unpack to so many
// bytes. It holds regular files and directories alone, below the directory itself.
func (s *Store) AddTar(ctx context.Context, name string, stream io.Reader, maxBytes int64, origin Origin) (number int, err error) {
	d, err := s.Draft(name)
	if err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, d.Discard())
	}()
	if err := unpack(d.dir, &contextReader{ctx, stream}, maxBytes); err != nil {
		return 0, err
	}
	return d.Commit(ctx, origin)
}

// maxWindow is the memory that unpacking a stream of zstd may take.
const maxWindow = 64 << 20

// unpack writes what a tar stream holds into dir.
func unpack(dir string, stream io.Reader, maxBytes int64) error {
	plain, err := decompress(stream)
	if err != nil {
		return errorf(ErrInvalid, "the upload: %w", err)
	}
	defer plain.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	// What is not a file counts as well: headers, and what comes after the last of them.
	archive := tar.NewReader(&limitedReader{plain, maxBytes + maxFiles*tarOverhead})
	left := maxBytes
	for files, directories := 0, 0; ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			if files == 0 {
				return errorf(ErrInvalid, "the upload: there is no file in it; send the artifact directory as a tar stream, such as tar -C runs/first -c . makes")
			}
			return nil
		}
		if err != nil {
			return errorf(ErrInvalid, "the upload: it is not a tar stream, or not all of one: %w", err)
		}
		path := strings.TrimSuffix(strings.TrimPrefix(header.Name, "./"), "/")
		switch {
		case header.Typeflag == tar.TypeXGlobalHeader:
			continue
		case path == "" && header.Typeflag == tar.TypeDir:
			continue // the directory itself
		case !fs.ValidPath(path) || path == "." || strings.ContainsAny(path, "\\\x00"):
			return errorf(ErrInvalid, "the upload: %.80q is not a path below the directory", header.Name)
		case len(path) > maxPath:
			return errorf(ErrInvalid, "the upload: %.80q… is a path of more than %d bytes", header.Name, maxPath)
		case header.Typeflag == tar.TypeDir:
			if directories++; directories > maxFiles {
				return errorf(ErrInvalid, "the upload: more than %d directories", maxFiles)
			}
			err = root.MkdirAll(filepath.FromSlash(path), 0o755)
		case header.Typeflag != tar.TypeReg:
			return errorf(ErrInvalid, "the upload: %.80q is a link or no regular file; want regular files only, as tar --dereference packs them", header.Name)
		default:
			if files++; files > maxFiles {
				return errorf(ErrInvalid, "the upload: more than %d files", maxFiles)
			}
			if left -= header.Size; header.Size < 0 || left < 0 {
				return errorf(ErrInvalid, "the upload: more than %d bytes; see max-upload-bytes", maxBytes)
			}
			err = unpackFile(root, path, archive)
		}
		if err != nil {
			return err
		}
	}
}

// maxPath is how long a path may be, in bytes. A directory for each letter could be more of them
// than can be removed again.
const maxPath = 255

// tarOverhead is more than what a tar stream has for a file beside its content.
const tarOverhead = 16 << 10

func unpackFile(root *os.Root, path string, content io.Reader) error {
	name := filepath.FromSlash(path)
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return uploadError(path, err)
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return uploadError(path, err)
	}
	defer f.Close()
	w := &diskWriter{w: f}
	if _, err := io.Copy(w, content); err != nil {
		if w.err != nil {
			return fmt.Errorf("%s: %w", path, writeError(w.err))
		}
		return errorf(ErrInvalid, "the upload: %s: it is not all there: %w", path, err)
	}
	return f.Close()
}

// uploadError is the error of a file that cannot be made.
func uploadError(path string, err error) error {
	if errors.Is(err, fs.ErrExist) || strings.Contains(err.Error(), "not a directory") {
		return errorf(ErrInvalid, "the upload: %.80q is in it twice", path)
	}
	return writeError(err)
}

// A diskWriter remembers that writing failed, and not reading.
type diskWriter struct {
	w   io.Writer
	err error
}

func (d *diskWriter) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	d.err = err
	return n, err
}

// A limitedReader fails, rather than ends, after so many bytes.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errors.New("it unpacks to more than is allowed; see max-upload-bytes")
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// decompress tells by its first bytes how a stream is compressed.
func decompress(stream io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReader(stream)
	magic, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(buffered)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		decoder, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return decoder.IOReadCloser(), nil
	}
	return io.NopCloser(buffered), nil
}
