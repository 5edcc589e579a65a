package models

import (
	"context"

	"tagifai/cmd/tagifai/cli"
)

type aliasCommand struct {
	Name    string `arg:"" help:"Model."`
	Alias   string `arg:"" help:"Alias; stable is what requests get that name no version."`
	Version string `arg:"" help:"Version, by number or by another alias; off takes the alias away."`
}

func (aliasCommand) Help() string {
	return "Example:\n\n    tagifai models --models models alias tagger stable 3"
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
	Alias string `arg:"" optional:"" help:"Alias to take back to where it was before its last move (${default}); again goes further back." default:"stable"`
}

func (rollbackCommand) Help() string {
	return "Example:\n\n    tagifai models --models models rollback tagger"
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
