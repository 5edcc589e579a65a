package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Move sets an alias to a version, which has to agree with its manifest and to pass the
// check. It returns the aliases after that.
func (s *Store) Move(ctx context.Context, name, alias string, version int, by string) (*Aliases, error) {
	if err := CheckAlias(alias); err != nil {
		return nil, err
	}
	if err := s.fit(ctx, name, version); err != nil {
		return nil, err
	}
	return s.change(ctx, name, func(a *Aliases) error {
		a.record(Move{By: by, What: alias, From: a.Aliases[alias], To: version})
		a.Aliases[alias] = version
		return s.findVersion(name, version)
	})
}

// Unalias takes an alias away, though not [Stable], without which nothing is served.
func (s *Store) Unalias(ctx context.Context, name, alias, by string) (*Aliases, error) {
	if err := CheckAlias(alias); err != nil {
		return nil, err
	}
	if alias == Stable {
		return nil, errorf(ErrRefused, "%s is what requests get that name no version; move it to another version instead", Stable)
	}
	return s.change(ctx, name, func(a *Aliases) error {
		if a.Aliases[alias] == 0 {
			return unknownAlias(name, alias, a)
		}
		a.record(Move{By: by, What: alias, From: a.Aliases[alias]})
		delete(a.Aliases, alias)
		return nil
	})
}

// Rollback takes the last move of an alias back, and the one before it when it is called
// again. It returns the aliases after that. The version must be fit, as for [Store.Move].
func (s *Store) Rollback(ctx context.Context, name, alias, by string) (*Aliases, error) {
	a, err := s.Aliases(name)
	if err != nil {
		return nil, err
	}
	if err := CheckAlias(alias); err != nil {
		return nil, err
	}
	version := a.before(alias)
	switch {
	case version == 0 && a.Aliases[alias] == 0:
		return nil, unknownAlias(name, alias, a)
	case version == 0:
		return nil, errorf(ErrRefused, "%s of %q is at version %d, and no earlier one is known", alias, name, a.Aliases[alias])
	}
	if err := s.fit(ctx, name, version); err != nil {
		return nil, fmt.Errorf("%s was at version %d before, but: %w", alias, version, err)
	}
	return s.change(ctx, name, func(a *Aliases) error {
		if a.before(alias) != version {
			return errorf(ErrRefused, "%s of %q was moved meanwhile; look at it and try again", alias, name)
		}
		a.record(Move{By: by, What: alias, From: a.Aliases[alias], To: version, Rollback: true})
		a.Aliases[alias] = version
		return s.findVersion(name, version)
	})
}

// SetCanary has a version get a share of the requests; nil is for no canary. The version
// must be fit, as for [Store.Move].
func (s *Store) SetCanary(ctx context.Context, name string, canary *Canary, by string) (*Aliases, error) {
	move := Move{By: by, What: canaryName}
	if canary != nil {
		if err := checkPercent(canary.Percent); err != nil {
			return nil, err
		}
		move.To, move.Percent = canary.Version, canary.Percent
	}
	return s.set(ctx, name, move, func(a *Aliases) { a.Canary = canary })
}

// SetShadow has a version predict the same texts; nil is for no shadow. The version must
// be fit, as for [Store.Move].
func (s *Store) SetShadow(ctx context.Context, name string, shadow *Shadow, by string) (*Aliases, error) {
	move := Move{By: by, What: shadowName}
	if shadow != nil {
		move.To = shadow.Version
	}
	return s.set(ctx, name, move, func(a *Aliases) { a.Shadow = shadow })
}

func (s *Store) set(ctx context.Context, name string, move Move, apply func(*Aliases)) (*Aliases, error) {
	if move.To != 0 {
		if err := s.fit(ctx, name, move.To); err != nil {
			return nil, err
		}
	}
	return s.change(ctx, name, func(a *Aliases) error {
		move.From = a.version(move.What)
		a.record(move)
		apply(a)
		if move.To == 0 {
			return nil
		}
		return s.findVersion(name, move.To)
	})
}

func unknownAlias(name, alias string, a *Aliases) error {
	return errorf(ErrNotFound, "model %q has no alias %q; there %s", name, alias, listing(a.Names()))
}

// fit makes sure that a version may be served.
func (s *Store) fit(ctx context.Context, name string, version int) error {
	if _, err := s.Verify(ctx, name, version); err != nil {
		return err
	}
	return s.checked(ctx, versionOf(name, version), s.VersionDir(name, version))
}

func (s *Store) checked(ctx context.Context, what, dir string) error {
	if s.check == nil {
		return nil
	}
	if err := s.check(ctx, os.DirFS(dir)); err != nil {
		return errorf(ErrRefused, "%s: %w", what, err)
	}
	return nil
}

// change replaces the aliases of a model by what edit makes of them. It writes nothing
// if that is the same but for the history, and edits again if somebody without the lock
// replaces the file meanwhile.
func (s *Store) change(ctx context.Context, name string, edit func(*Aliases) error) (*Aliases, error) {
	if err := s.find(name); err != nil {
		return nil, err
	}
	for {
		a, err := s.tryChange(ctx, name, edit)
		if !errors.Is(err, errChanged) {
			return a, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

var errChanged = errors.New("the aliases were changed meanwhile")

func (s *Store) tryChange(ctx context.Context, name string, edit func(*Aliases) error) (*Aliases, error) {
	l, err := s.lock(ctx, name)
	if err != nil {
		return nil, writeError(err)
	}
	defer l.release()
	old, err := s.Aliases(name)
	if err != nil {
		return nil, err
	}
	a := old.clone()
	if err := edit(a); err != nil {
		return nil, err
	}
	if a.equal(old) {
		return old, nil
	}
	if a.data, err = a.marshal(); err != nil {
		return nil, err
	}
	if err := s.replaceAliases(name, old.data, a.data, l); err != nil {
		return nil, writeError(err)
	}
	return a, nil
}

// replaceAliases replaces the aliases file if its content is still the old one.
func (s *Store) replaceAliases(name string, old, data []byte, l *lock) error {
	file := s.AliasesFile(name)
	info, err := os.Lstat(file)
	if ignoreAbsence(err) != nil {
		return err
	}
	if err == nil && !info.Mode().IsRegular() {
		return errorf(ErrReadOnly, "%s is a link to what somebody else keeps up to date; make the change there", file)
	}
	beside, err := writeFile(file, data)
	if err != nil {
		return err
	}
	now, err := s.readAliases(name)
	if err == nil && (!bytes.Equal(now, old) || !l.held()) {
		err = errChanged
	}
	if err == nil {
		err = os.Rename(beside, file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return syncDir(filepath.Dir(file))
}

// lock waits for the lock of a model, which lies beside its aliases.
func (s *Store) lock(ctx context.Context, name string) (*lock, error) {
	file := s.AliasesFile(name)
	return acquire(ctx, filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".lock"))
}

// lockVersions does so for a change of the versions, which is possible while the aliases
// are read-only: nobody can move them then.
func (s *Store) lockVersions(ctx context.Context, name string) (*lock, error) {
	l, err := s.lock(ctx, name)
	if s.aliasesDir != "" && errors.Is(writeError(err), ErrReadOnly) {
		return acquire(ctx, filepath.Join(s.dir, name, ".versions.lock"))
	}
	return l, err
}

// Remove removes a version that nothing names and that no rollback would go to. Its
// number is not given to another.
func (s *Store) Remove(ctx context.Context, name string, version int) error {
	if err := s.findVersion(name, version); err != nil && !errors.Is(err, ErrRefused) { // a link can go
		return err
	}
	l, err := s.lockVersions(ctx, name)
	if err != nil {
		return writeError(err)
	}
	defer l.release()
	a, err := s.Aliases(name)
	if err != nil {
		return err
	}
	if reasons := a.needs(version); len(reasons) > 0 {
		return errorf(ErrRefused, "%s is needed: %s", versionOf(name, version), strings.Join(reasons, "; "))
	}
	grave := filepath.Join(s.versions(name), fmt.Sprint(gravePrefix, version))
	if err := os.RemoveAll(grave); err != nil {
		return writeError(err)
	}
	if err := os.Rename(s.VersionDir(name, version), grave); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return s.findVersion(name, version)
		}
		return writeError(err)
	}
	if err := syncDir(s.versions(name)); err != nil {
		return err
	}
	return s.clearGraves(name)
}
