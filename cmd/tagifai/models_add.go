package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"tagifai/internal/store"
)

type addCommand struct {
	Name  string `arg:"" help:"Model to add to; a new one is made."`
	Dir   string `arg:"" help:"Artifact directory to copy."`
	Alias string `placeholder:"ALIAS" help:"Move this alias to the new version: stable to make it live."`
}

func (addCommand) Help() string {
	return "Example:\n\n    tagifai models --models models add tagger runs/first --alias stable"
}

// An added version is the result of add.
type added struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Alias   string `json:"alias,omitzero"` // that was moved to it
}

func (c addCommand) Run(ctx context.Context, group *modelsCommand, s streams) error {
	if err := store.CheckName(c.Name); err != nil {
		return err
	}
	if c.Alias != "" {
		if err := store.CheckAlias(c.Alias); err != nil {
			return err
		}
	}
	// The last element alone: more of them would rather be a wrong path than a new store.
	if err := os.Mkdir(group.Models, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	st, err := group.open()
	if err != nil {
		return err
	}
	source, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	number, err := st.Add(ctx, c.Name, c.Dir, origin(source))
	if err != nil {
		return err
	}
	if c.Alias != "" {
		if _, err := st.Move(ctx, c.Name, c.Alias, number, by()); err != nil {
			return fmt.Errorf("version %d of %q was added, but %s was not moved to it: %w", number, c.Name, c.Alias, err)
		}
	}
	return group.print(s.out, added{c.Name, number, c.Alias}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, number)
		return err
	})
}

type adoptCommand struct {
	Name    string `arg:"" help:"Model."`
	Version string `arg:"" help:"Number of the version, complete but for its manifest."`
}

func (adoptCommand) Help() string {
	return "Example:\n\n    cp -r runs/first models/tagger/versions/4\n    tagifai models --models models adopt tagger 4"
}

func (c adoptCommand) Run(ctx context.Context, group *modelsCommand, s streams) error {
	st, err := group.open()
	if err != nil {
		return err
	}
	version, err := store.ParseVersion(c.Version)
	if err != nil {
		return err
	}
	if err := st.Adopt(ctx, c.Name, version, origin("put there by hand")); err != nil {
		return err
	}
	return group.print(s.out, added{Name: c.Name, Version: version}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s:%d has a manifest and can be served\n", c.Name, version)
		return err
	})
}
