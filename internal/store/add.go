package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The names of what is not, or no longer, a version.
const (
	draftPrefix = ".add."
	gravePrefix = ".removed." // and the number, which this keeps from being given again
)

// A Draft is a directory that is to become a version.
type Draft struct {
	store *Store
	name  string
	dir   string
}

// Draft makes an empty directory for a new version of a model, which need not exist
// before. Once it is filled, [Draft.Commit] makes a version of it; [Draft.Discard] is to
// be called in any case. What a killed process left behind is cleared away an hour later.
func (s *Store) Draft(name string) (*Draft, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	versions := s.versions(name)
	if _, err := os.Lstat(versions); errors.Is(err, fs.ErrNotExist) {
		if err := s.makeModel(name); err != nil {
			return nil, writeError(err)
		}
	}
	if err := s.find(name); err != nil {
		return nil, err
	}
	clearAbandoned(versions, draftPrefix)
	clearAbandoned(versions, besidePrefix(ManifestFile))
	aliases := s.AliasesFile(name)
	clearAbandoned(filepath.Dir(aliases), besidePrefix(filepath.Base(aliases)))
	dir, err := os.MkdirTemp(versions, draftPrefix)
	if err != nil {
		return nil, writeError(err)
	}
	return &Draft{s, name, dir}, nil
}

// makeModel makes the directories of a model without versions.
func (s *Store) makeModel(name string) error {
	if err := os.MkdirAll(s.versions(name), 0o755); err != nil {
		return err
	}
	return errors.Join(syncDir(filepath.Join(s.dir, name)), syncDir(s.dir))
}

// Dir returns the directory to be filled.
func (d *Draft) Dir() string { return d.dir }

// Discard removes the draft, if it has not become a version.
func (d *Draft) Discard() error { return os.RemoveAll(d.dir) }

// Commit makes a version of the draft: it writes the manifest, has everything reach the
// disk, and gives it its name once it has passed the check. It returns the number, which
// is higher than that of any version that the model has or had.
func (d *Draft) Commit(ctx context.Context, origin Origin) (int, error) {
	if err := os.Chmod(d.dir, 0o755); err != nil { // MkdirTemp's is for the owner alone
		return 0, err
	}
	if err := os.RemoveAll(filepath.Join(d.dir, ManifestFile)); err != nil {
		return 0, err
	}
	if err := d.store.writeManifest(ctx, "the new version of "+strconv.Quote(d.name), d.dir, origin); err != nil {
		return 0, err
	}
	l, err := d.store.lockVersions(ctx, d.name)
	if err != nil {
		return 0, writeError(err)
	}
	defer l.release()
	for {
		highest, err := d.store.highest(d.name)
		if err != nil {
			return 0, err
		}
		number := highest + 1
		if err := checkVersion(number); err != nil {
			return 0, err
		}
		err = os.Rename(d.dir, d.store.VersionDir(d.name, number))
		if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTDIR) { // made by somebody without the lock
			continue
		}
		if err != nil {
			return 0, writeError(err)
		}
		if err := syncDir(d.store.versions(d.name)); err != nil {
			return 0, err
		}
		return number, d.store.clearGraves(d.name)
	}
}

// Add copies the directory src, of regular files alone, and makes it a version, whose
// number it returns. If src has a manifest, its files must agree with it.
func (s *Store) Add(ctx context.Context, name, src string, origin Origin) (number int, err error) {
	if err := CheckName(name); err != nil {
		return 0, err
	}
	root, err := os.OpenRoot(src)
	if err != nil {
		return 0, fmt.Errorf("add %s: %w", src, err)
	}
	defer root.Close()
	sizes, err := listFiles(root)
	if err != nil {
		return 0, errorf(ErrRefused, "add %s: %w", src, err)
	}
	manifest, err := readManifest(filepath.Join(src, ManifestFile))
	if ignoreAbsence(err) != nil {
		return 0, err
	}
	d, err := s.Draft(name)
	if err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, d.Discard())
	}()
	for path := range sizes {
		if err := copyFile(ctx, filepath.Join(d.dir, filepath.FromSlash(path)), root, path); err != nil {
			return 0, fmt.Errorf("add %s: %w", src, writeError(err))
		}
	}
	if manifest != nil { // another store's, most likely
		if err := manifest.verify(ctx, "its manifest", d.dir); err != nil {
			return 0, fmt.Errorf("add %s: %w", src, err)
		}
	}
	return d.Commit(ctx, origin)
}

func copyFile(ctx context.Context, dst string, root *os.Root, path string) error {
	from, err := openRegular(root, path)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return err
	}
	to, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, &contextReader{ctx, from})
	return errors.Join(err, to.Close())
}

// Adopt makes the manifest of a version that somebody put into the store by hand, if it
// passes the check. The version must not have one.
func (s *Store) Adopt(ctx context.Context, name string, version int, origin Origin) error {
	if err := s.findVersion(name, version); err != nil {
		return err
	}
	dir := s.VersionDir(name, version)
	if _, err := os.Lstat(filepath.Join(dir, ManifestFile)); err == nil {
		return errorf(ErrRefused, "%s has a %s already; tagifai models show %s:%d says whether its files agree with it", versionOf(name, version), ManifestFile, name, version)
	}
	return s.writeManifest(ctx, versionOf(name, version), dir, origin)
}

// writeManifest writes the manifest of what is in dir, if that passes the check. Errors
// call it what.
func (s *Store) writeManifest(ctx context.Context, what, dir string, origin Origin) error {
	files, err := seal(ctx, what, dir)
	if err != nil {
		return writeError(err)
	}
	origin.Time = origin.Time.UTC().Truncate(time.Second)
	origin.By = shortened(origin.By)
	m := &Manifest{Origin: origin, Files: files}
	data, err := m.marshal()
	if err != nil {
		return err
	}
	if err := s.checked(ctx, what, dir); err != nil {
		return err
	}
	// Beside the directory, as whatever is in it has to be in the manifest.
	beside, err := writeFile(filepath.Join(filepath.Dir(dir), ManifestFile), data)
	if err != nil {
		return writeError(err)
	}
	if err := os.Rename(beside, filepath.Join(dir, ManifestFile)); err != nil {
		return errors.Join(writeError(err), os.Remove(beside))
	}
	return syncDir(dir)
}

// highest returns the highest number that a version of the model has or had, 0 if there
// was none.
func (s *Store) highest(name string) (int, error) {
	a, err := s.Aliases(name)
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(s.versions(name))
	if err != nil {
		return 0, err
	}
	highest := a.highest()
	for _, entry := range entries {
		if number, err := ParseVersion(strings.TrimPrefix(entry.Name(), gravePrefix)); err == nil {
			highest = max(highest, number)
		}
	}
	return highest, nil
}

// clearGraves removes what is left of removed versions, but for an empty directory that
// keeps the highest number from being given again.
func (s *Store) clearGraves(name string) error {
	highest, err := s.highest(name)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(s.versions(name))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		number, isGrave := strings.CutPrefix(entry.Name(), gravePrefix)
		if !isGrave {
			continue
		}
		grave := filepath.Join(s.versions(name), entry.Name())
		if number != strconv.Itoa(highest) {
			err = errors.Join(err, os.RemoveAll(grave))
			continue
		}
		inside, readErr := os.ReadDir(grave)
		err = errors.Join(err, readErr)
		for _, entry := range inside {
			err = errors.Join(err, os.RemoveAll(filepath.Join(grave, entry.Name())))
		}
	}
	return err
}
