package models

import (
	"context"
	"fmt"
	"io"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/store"
)

type removeCommand struct {
	Name    string `arg:"" help:"Model."`
	Version string `arg:"" help:"Number of the version."`
}

func (removeCommand) Help() string {
	return "Example:\n\n    tagifai models --models store remove tagger 2"
}

func (c removeCommand) Run(ctx context.Context, group *Command, env cli.Env) error {
	st, err := group.open()
	if err != nil {
		return err
	}
	version, err := store.ParseVersion(c.Version) // no alias: what has one stays
	if err != nil {
		return err
	}
	if err := st.Remove(ctx, c.Name, version); err != nil {
		return err
	}
	return group.print(env.Out, added{Name: c.Name, Version: version}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s:%d is removed\n", c.Name, version)
		return err
	})
}
