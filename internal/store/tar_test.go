package store_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"tagifai/internal/store"
)

// tarred returns a tar stream of these entries.
func tarred(t testing.TB, entries ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, entry := range entries {
		if entry.Typeflag == 0 {
			entry.Typeflag = tar.TypeReg
		}
		if entry.Typeflag != tar.TypeXGlobalHeader {
			entry.Mode = 0o777
		}
		if err := w.WriteHeader(&entry); err != nil {
			t.Fatal(err)
		}
		if entry.Typeflag == tar.TypeReg {
			if _, err := io.CopyN(w, zeros{}, entry.Size); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

func TestAddTar(t *testing.T) {
	const limit = 1 << 20
	good := tarred(t, tar.Header{Name: "./", Typeflag: tar.TypeDir}, tar.Header{Name: "./weights", Size: 100}, tar.Header{Name: "deep/er/args.json", Size: 2})
	var many, directories []tar.Header
	for i := range 1001 {
		many = append(many, tar.Header{Name: strings.Repeat("a", i/26+1) + string(rune('a'+i%26))})
		directories = append(directories, tar.Header{Name: many[i].Name, Typeflag: tar.TypeDir})
	}
	tests := []struct {
		name   string
		stream []byte
		want   string // of the error
	}{
		{"plain", good, ""},
		{"gzip", gzipped(t, good), ""},
		{"zstd", zstandard(t, good), ""},
		{"a header for all", tarred(t, tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "git"}}, tar.Header{Name: "weights"}), ""},
		{"a manifest, which is made anew", tarred(t, tar.Header{Name: "weights", Size: 1}, tar.Header{Name: store.ManifestFile, Size: 5}), ""},
		{"nothing", nil, "there is no file in it"},
		{"no files", tarred(t, tar.Header{Name: "dir/", Typeflag: tar.TypeDir}), "there is no file in it"},
		{"no tar", []byte(strings.Repeat("x", 2000)), "it is not a tar stream, or not all of one"},
		{"no gzip", []byte("\x1f\x8bxxxxxxxxxxxxxxxx"), "the upload: gzip: invalid header"},
		{"no zstd", append([]byte("\x28\xb5\x2f\xfd"), good...), "it is not a tar stream, or not all of one"},
		{"half of it", good[:600], "it is not a tar stream, or not all of one"},
		{"half of a file", good[:1100], "the upload: weights: it is not all there"},
		{"half of the gzip", gzipped(t, good)[:60], "not all"},
		{"a symbolic link", tarred(t, tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}), `"a" is a link or no regular file`},
		{"a hard link", tarred(t, tar.Header{Name: "a", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}), `"a" is a link or no regular file`},
		{"a FIFO", tarred(t, tar.Header{Name: "a", Typeflag: tar.TypeFifo}), `"a" is a link or no regular file`},
		{"a device", tarred(t, tar.Header{Name: "a", Typeflag: tar.TypeChar}), `"a" is a link or no regular file`},
		{"an absolute path", tarred(t, tar.Header{Name: "/etc/cron.d/a"}), `"/etc/cron.d/a" is not a path below the directory`},
		{"a parent path", tarred(t, tar.Header{Name: "../../a"}), `"../../a" is not a path below the directory`},
		{"a parent path in the middle", tarred(t, tar.Header{Name: "a/../../b"}), `"a/../../b" is not a path below the directory`},
		{"a path of another system", tarred(t, tar.Header{Name: `..\a`}), `is not a path below the directory`},
		{"a file twice", tarred(t, tar.Header{Name: "a"}, tar.Header{Name: "./a"}), `"a" is in it twice`},
		{"a file that is a directory as well", tarred(t, tar.Header{Name: "a"}, tar.Header{Name: "a/b"}), `"a/b" is in it twice`},
		{"too many files", tarred(t, many...), "more than 1000 files"},
		{"too many directories", tarred(t, directories...), "more than 1000 directories"},
		{"a directory too deep", tarred(t, tar.Header{Name: strings.Repeat("a/", 200), Typeflag: tar.TypeDir}), "is a path of more than 255 bytes"},
		{"a file too deep", tarred(t, tar.Header{Name: strings.Repeat("a/", 10_000) + "a"}), "is a path of more than 255 bytes"},
		{"too many bytes", gzipped(t, tarred(t, tar.Header{Name: "a", Size: limit / 2}, tar.Header{Name: "b", Size: limit/2 + 1})), "more than 1048576 bytes; see max-upload-bytes"},
		{"too many bytes in headers", gzipped(t, bytes.Repeat(tarred(t, tar.Header{Name: "./", Typeflag: tar.TypeDir})[:512], 40_000)), "it unpacks to more than is allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := filled(t, 1)
			number, err := s.AddTar(t.Context(), "m", bytes.NewReader(test.stream), limit, origin)
			if test.want != "" {
				refused(t, err, store.ErrInvalid, test.want)
			} else if err != nil || number != 2 {
				t.Errorf("got version %d, %v", number, err)
			} else if _, err := s.Verify(t.Context(), "m", 2); err != nil {
				t.Error(err)
			}
			entries, err := os.ReadDir(filepath.Join(s.Dir(), "m", "versions"))
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range entries {
				if strings.HasPrefix(entry.Name(), ".") {
					t.Errorf("%s is left behind", entry.Name())
				}
			}
		})
	}
}
