// Package store keeps many versions of many models in a directory:
//
//	NAME/versions/N/     an artifact directory, which never changes
//	NAME/aliases.json    which version has which name, and what was before
//
// Nothing half done is ever visible in it: a version is complete when it has its name,
// and aliases.json is replaced whole. Any number of processes may read and change a
// store at the same time, on one machine or, on a shared volume, on many.
//
// Below the store's own directory symbolic links are not followed, but for those to an
// aliases file: a ConfigMap consists of such.
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const versionsDir = "versions"

// A Check loads the artifact directory that is the root of fsys, and says what is wrong
// if it must not be served.
type Check func(ctx context.Context, fsys fs.FS) error

// A Store is a directory of models. It is safe for concurrent use, and holds no file
// open between two calls.
type Store struct {
	dir        string
	aliasesDir string // "" if each aliases.json is beside its versions
	check      Check
}

// Open returns the store in dir. The aliases of the model NAME are in
// aliasesDir/NAME.json, or in dir/NAME/aliases.json if aliasesDir is empty. A version
// has to pass check before it gets its name, and again before an alias, the canary or
// the shadow becomes it; check may be nil.
func Open(dir, aliasesDir string, check Check) (*Store, error) {
	for _, d := range []string{dir, aliasesDir} {
		if d == "" && dir != "" {
			continue
		}
		info, err := os.Stat(d)
		if d == dir && errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open store: %w; tagifai models add makes the directory of the models", err)
		}
		if err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("open store: %s is not a directory", d)
		}
	}
	return &Store{dir, aliasesDir, check}, nil
}

// Dir returns the directory of the store.
func (s *Store) Dir() string { return s.dir }

// Models returns the names of the models, sorted. It reads one directory and no file.
func (s *Store) Models() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && CheckName(entry.Name()) == nil {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// Numbers returns the numbers of the versions of a model, sorted, without looking into
// them.
func (s *Store) Numbers(name string) ([]int, error) {
	if err := s.find(name); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.versions(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var numbers []int
	for _, entry := range entries {
		if number, err := ParseVersion(entry.Name()); err == nil {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// A Version is a version of a model as its manifest describes it.
type Version struct {
	Number   int
	Manifest *Manifest
	Err      error // why there is no manifest
}

// Versions returns the versions of a model, sorted, with their manifests. It does not
// compare the files with these, as [Store.Verify] does.
func (s *Store) Versions(name string) ([]Version, error) {
	numbers, err := s.Numbers(name)
	if err != nil {
		return nil, err
	}
	versions := make([]Version, len(numbers))
	for i, number := range numbers {
		versions[i].Number = number
		versions[i].Manifest, versions[i].Err = s.Manifest(name, number)
	}
	return versions, nil
}

// Resolve returns the version of a model that text means: a number of one, or an alias.
// It does not look whether there is such a version.
func (s *Store) Resolve(name, text string) (int, error) {
	if version, err := ParseVersion(text); err == nil {
		return version, nil
	}
	if CheckAlias(text) != nil {
		return 0, errorf(ErrInvalid, "%.80q is neither the number of a version nor an alias", text)
	}
	a, err := s.Aliases(name)
	if err != nil {
		return 0, err
	}
	if version, ok := a.Aliases[text]; ok {
		return version, nil
	}
	return 0, unknownAlias(name, text, a)
}

// VersionDir returns the directory of a version. [Store.Verify] says whether it is fit
// to be loaded.
func (s *Store) VersionDir(name string, version int) string {
	return filepath.Join(s.versions(name), strconv.Itoa(version))
}

// AliasesFile returns the file that holds the aliases of a model. It need not exist.
func (s *Store) AliasesFile(name string) string {
	if s.aliasesDir != "" {
		return filepath.Join(s.aliasesDir, name+".json")
	}
	return filepath.Join(s.dir, name, "aliases.json")
}

// versionOf is what errors call a version.
func versionOf(name string, version int) string {
	return fmt.Sprintf("version %d of %q", version, name)
}

func (s *Store) versions(name string) string { return filepath.Join(s.dir, name, versionsDir) }

// find makes sure that there is a model with this name.
func (s *Store) find(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	err := directory(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		names, err := s.Models()
		if err != nil {
			return err
		}
		return errorf(ErrNotFound, "there is no model %q; there %s", name, listing(names))
	}
	if err != nil {
		return err
	}
	return ignoreAbsence(directory(s.versions(name)))
}

// directory makes sure that path is a directory, and no link to one.
func directory(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.IsDir() {
		return errorf(ErrRefused, "%s is not a directory; links are not followed in a store", path)
	}
	return err
}

// findVersion makes sure that a model has this version.
func (s *Store) findVersion(name string, version int) error {
	if err := s.find(name); err != nil {
		return err
	}
	err := directory(s.VersionDir(name, version))
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	numbers, err := s.Numbers(name)
	if err != nil {
		return err
	}
	texts := make([]string, len(numbers))
	for i, number := range numbers {
		texts[i] = strconv.Itoa(number)
	}
	return errorf(ErrNotFound, "model %q has no version %d; there %s", name, version, listing(texts))
}

// listing says which things there are: the last ten at most.
func listing(names []string) string {
	const most = 10
	switch {
	case len(names) == 0:
		return "are none"
	case len(names) == 1:
		return "is " + names[0]
	case len(names) > most:
		return fmt.Sprintf("are %d, the last of them %s", len(names), strings.Join(names[len(names)-most:], ", "))
	}
	return "are " + strings.Join(names, ", ")
}

var (
	nameGrammar    = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)
	aliasGrammar   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*$`)
	versionGrammar = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)
)

// maxName is the greatest size of a name. The grammars do not have it: to compile a count takes
// so long that each start of the program would be 1 % longer.
const maxName = 63

// CheckName says what is wrong with the name of a model.
func CheckName(name string) error {
	if len(name) > maxName || !nameGrammar.MatchString(name) {
		return errorf(ErrInvalid, "%.80q cannot be the name of a model: want 1 to 63 of a-z, 0-9, '.', '_' and '-', the first of them a letter or a digit", name)
	}
	return nil
}

// CheckAlias says what is wrong with the name of an alias.
func CheckAlias(alias string) error {
	switch {
	case alias == canaryName, alias == shadowName:
		return errorf(ErrInvalid, "%q cannot be an alias: it is a setting of its own", alias)
	case len(alias) > maxName, !aliasGrammar.MatchString(alias):
		return errorf(ErrInvalid, "%.80q cannot be an alias: want 1 to 63 of a-z, A-Z, 0-9, '.', '_' and '-', the first of them a letter", alias)
	}
	return nil
}

// ParseVersion reads the number of a version.
func ParseVersion(text string) (int, error) {
	if !versionGrammar.MatchString(text) {
		return 0, errorf(ErrInvalid, "%.80q cannot be a version: want a number from 1 to 999999999", text)
	}
	return strconv.Atoi(text)
}
