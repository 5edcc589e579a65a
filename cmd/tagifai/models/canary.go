package models

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/store"
)

type canaryCommand struct {
	Name    string `arg:"" help:"Model."`
	Version string `arg:"" help:"Version, by number or alias; off for no canary."`
	Percent string `arg:"" optional:"" help:"Share of the requests that name no version and no alias, in percent."`
}

func (canaryCommand) Help() string {
	return "Example:\n\n    tagifai models --models store canary tagger 3 10\n    tagifai models --models store canary tagger off"
}

func (c canaryCommand) Run(ctx context.Context, group *Command, env cli.Env) error {
	st, err := group.open()
	if err != nil {
		return err
	}
	var canary *store.Canary
	switch {
	case c.Version == off && c.Percent != "":
		return fmt.Errorf("canary off takes no share, and %q is given", c.Percent)
	case c.Percent == off: // canary NAME VERSION off
	case c.Version != off:
		canary = new(store.Canary)
		if canary.Percent, err = strconv.ParseFloat(strings.TrimSuffix(c.Percent, "%"), 64); err != nil {
			return fmt.Errorf("the share of the canary is %q; want a number from 0 to 100, in percent", c.Percent)
		}
		if canary.Version, err = st.Resolve(c.Name, c.Version); err != nil {
			return err
		}
	}
	aliases, err := st.SetCanary(ctx, c.Name, canary, by())
	if err != nil {
		return err
	}
	return group.printPlace(env.Out, c.Name, "canary", aliases)
}

type shadowCommand struct {
	Name    string `arg:"" help:"Model."`
	Version string `arg:"" help:"Version, by number or alias; off for no shadow."`
}

func (shadowCommand) Help() string {
	return "Example:\n\n    tagifai models --models store shadow tagger 3\n    tagifai models --models store shadow tagger off"
}

func (c shadowCommand) Run(ctx context.Context, group *Command, env cli.Env) error {
	st, err := group.open()
	if err != nil {
		return err
	}
	var shadow *store.Shadow
	if c.Version != off {
		shadow = new(store.Shadow)
		if shadow.Version, err = st.Resolve(c.Name, c.Version); err != nil {
			return err
		}
	}
	aliases, err := st.SetShadow(ctx, c.Name, shadow, by())
	if err != nil {
		return err
	}
	return group.printPlace(env.Out, c.Name, "shadow", aliases)
}
