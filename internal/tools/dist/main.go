// Command dist builds what a release consists of: for each system an archive, a Python
// wheel and a bill of materials, and their checksums. The same commit, toolchain and time
// give the same bytes.
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := release{root: "."}
	out := flag.String("out", "bin/dist", "directory of the results, which is emptied before")
	seconds := flag.Int64("time", 0, "time of all files, in seconds since 1970")
	systems := flag.String("systems", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64", "systems to build for")
	flag.StringVar(&r.version, "version", "dev", "version of the release")
	flag.Parse()
	// A zip file has no earlier one.
	r.time = time.Unix(max(*seconds, time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC).Unix()), 0).UTC()
	return r.make(ctx, *out, strings.Split(*systems, ","))
}

// A release is what all files of it have in common.
type release struct {
	root    string // of the module
	version string
	time    time.Time // of all files
}

// A system is what a binary runs on.
type system struct{ os, arch string }

// name returns the name of the release for a system, without an extension.
func (r *release) name(s system) string {
	return strings.Join([]string{"tagifai", strings.TrimPrefix(r.version, "v"), s.os, s.arch}, "_")
}

// make makes all files in the directory out.
func (r *release) make(ctx context.Context, out string, systems []string) error {
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "tagifai-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, text := range systems {
		goos, goarch, _ := strings.Cut(text, "/")
		s := system{goos, goarch}
		binary := filepath.Join(work, r.name(s))
		if err := r.build(ctx, s, binary); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		if err := r.pack(s, binary, out); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		if err := r.bill(ctx, s, binary, filepath.Join(out, r.name(s)+".cdx.json")); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return checksums(out)
}

// pack makes the archive and the wheel with a binary.
func (r *release) pack(s system, binary, out string) error {
	files, err := r.files(s, binary)
	if err != nil {
		return err
	}
	if err := r.archive(files, r.name(s), filepath.Join(out, r.name(s)+".tar.gz")); err != nil {
		return err
	}
	return r.wheel(s, binary, out)
}

// checksums writes SHA256SUMS, which sha256sum -c reads.
func checksums(dir string) error {
	entries, err := os.ReadDir(dir) // in order
	if err != nil {
		return err
	}
	var list []byte
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		list = fmt.Appendf(list, "%x  %s\n", sha256.Sum256(data), entry.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), list, 0o644)
}

// A file is a file of an archive.
type file struct {
	name string
	data []byte
	mode int64
}

// files returns what an archive has beside the binary, and the binary.
func (r *release) files(s system, binary string) ([]file, error) {
	data, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	files := []file{{"tagifai", data, 0o755}}
	if s.os == "linux" { // as images are
		data, err := r.dockerfile()
		if err != nil {
			return nil, err
		}
		files = append(files, file{"Dockerfile", data, 0o644})
	}
	add := func(path string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(r.root, path)
		files = append(files, file{filepath.ToSlash(name), data, 0o644})
		return err
	}
	for _, name := range []string{"LICENSE", "README.md"} {
		if err := add(filepath.Join(r.root, name)); err != nil {
			return nil, err
		}
	}
	err = filepath.WalkDir(filepath.Join(r.root, "configs"), func(path string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.Name() == "__pycache__":
			return filepath.SkipDir
		case !entry.Type().IsRegular() || entry.Name() == ".env": // which has a password
			return nil
		}
		return add(path)
	})
	return files, err
}

// dockerfile returns the Dockerfile of an archive, which configs/compose builds: that of the
// repository from the image on, with the binary beside it in place of one that is built.
func (r *release) dockerfile() ([]byte, error) {
	const image, built, version = "FROM scratch\n", "COPY --from=build /out/tagifai ", "ARG VERSION=dev\n"
	data, err := os.ReadFile(filepath.Join(r.root, "Dockerfile"))
	if err != nil {
		return nil, err
	}
	text := string(data)
	at := strings.Index(text, image)
	if at < 0 || !strings.Contains(text[at:], built) || !strings.Contains(text[at:], version) {
		return nil, fmt.Errorf("the Dockerfile does not have %q and then %q and %q", image, built, version)
	}
	return []byte(strings.NewReplacer(built, "COPY tagifai ", version, "ARG VERSION="+r.version+"\n").Replace(text[at:])), nil
}
