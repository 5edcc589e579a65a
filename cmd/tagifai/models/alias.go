package models

import (
	"context"

	"tagifai/cmd/tagifai/cli"
)

type aliasCommand struct {
	Name    string `arg:"" help:"Model."`
	Alias   string `arg:"" help:"Alias. Requests that name no version get stable."`
	Version string `arg:"" help:"Version, by number or by another alias; off removes the alias."`
}

func (aliasCommand) Help() string {
	return "Example:\n\n    tagifai models --models store alias tagger stable 3"
}

const off = "off"

func (c aliasCommand) Run(ctx context.Context, group *Command, env cli.Env) error {
	st, err := group.open()
	if err != nil {
		return err
	}
	if c.Version == off {
		aliases, err := st.Unalias(ctx, c.Name, c.Alias, by())
		if err != nil {
			return err
		}
		return group.printPlace(env.Out, c.Name, c.Alias, aliases)
	}
	version, err := st.Resolve(c.Name, c.Version)
	if err != nil {
		return err
	}
	aliases, err := st.Move(ctx, c.Name, c.Alias, version, by())
	if err != nil {
		return err
	}
	return group.printPlace(env.Out, c.Name, c.Alias, aliases)
}

type rollbackCommand struct {
	Name  string `arg:"" help:"Model."`
	Alias string `arg:"" optional:"" help:"Alias to move back (${default}). Each further rollback undoes the move before." default:"stable"`
}

func (rollbackCommand) Help() string {
	return "Example:\n\n    tagifai models --models store rollback tagger"
}

func (c rollbackCommand) Run(ctx context.Context, group *Command, env cli.Env) error {
	st, err := group.open()
	if err != nil {
		return err
	}
	aliases, err := st.Rollback(ctx, c.Name, c.Alias, by())
	if err != nil {
		return err
	}
	return group.printPlace(env.Out, c.Name, c.Alias, aliases)
}
