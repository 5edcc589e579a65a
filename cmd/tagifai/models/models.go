// Package models is tagifai models, which looks after a directory of models.
package models

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"time"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/registry"
	"tagifai/internal/store"
)

// Command is the group of subcommands: a file each, or one for two that belong together.
type Command struct {
	Models  string `required:"" env:"TAGIFAI_MODELS" placeholder:"DIR" help:"Directory of the models, as for tagifai serve."`
	Aliases string `env:"TAGIFAI_ALIASES" placeholder:"DIR" help:"Directory of the aliases, with NAME.json for each model; beside the versions if left out."`
	JSON    bool   `name:"json" help:"Print JSON, for programs."`

	List     listCommand     `cmd:"" help:"List the models."`
	Show     showCommand     `cmd:"" help:"Show the versions of a model, or what one of them holds."`
	Add      addCommand      `cmd:"" help:"Add an artifact directory as a new version."`
	Adopt    adoptCommand    `cmd:"" help:"Write the manifest of a version that was copied there by hand."`
	Alias    aliasCommand    `cmd:"" help:"Move an alias to a version."`
	Rollback rollbackCommand `cmd:"" help:"Undo the last move of an alias."`
	Canary   canaryCommand   `cmd:"" help:"Have a version answer a share of the requests."`
	Shadow   shadowCommand   `cmd:"" help:"Have a version predict the same texts, for comparison only."`
	Remove   removeCommand   `cmd:"" help:"Remove a version that no alias, canary or shadow names."`
	Diff     diffCommand     `cmd:"" help:"Compare the predictions of two versions."`
}

// Help is what --help shows below the usage.
func (Command) Help() string {
	return "Example:\n\n    tagifai models --models store add tagger runs/first --alias stable\n    tagifai models --models store rollback tagger"
}

func (c *Command) open() (*store.Store, error) {
	return store.Open(c.Models, c.Aliases, checkVersion)
}

// print writes a value as JSON, or what text writes if no JSON is wanted.
func (c *Command) print(w io.Writer, value any, text func(io.Writer) error) error {
	if !c.JSON {
		return text(w)
	}
	return cli.PrintJSON(w, value)
}

// checkVersion loads the artifact directory that is the root of fsys, has it predict, and
// compares that with its golden predictions.
func checkVersion(_ context.Context, fsys fs.FS) error {
	_, err := registry.Open(fsys, cli.Formats...)
	return err
}

// by says who is changing the store.
func by() string {
	name := "uid " + strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

func origin(env cli.Env, source string) store.Origin {
	return store.Origin{Source: source, Time: time.Now(), Tool: env.Tool(), By: by()}
}

// names returns what names a version: aliases, the canary, the shadow.
func names(a *store.Aliases, version int) []string {
	var names []string
	for _, alias := range a.Names() {
		if a.Aliases[alias] == version {
			names = append(names, alias)
		}
	}
	if a.Canary != nil && a.Canary.Version == version {
		names = append(names, fmt.Sprintf("canary %v%%", a.Canary.Percent))
	}
	if a.Shadow != nil && a.Shadow.Version == version {
		names = append(names, "shadow")
	}
	return names
}

// printPlace says where an alias, the canary or the shadow is after a change.
func (c *Command) printPlace(w io.Writer, name, what string, a *store.Aliases) error {
	return c.print(w, a, func(w io.Writer) error {
		text := what + " is unchanged"
		if n := len(a.History); n > 0 && a.History[n-1].What == what {
			text = describe(a.History[n-1])
		}
		_, err := fmt.Fprintf(w, "%s: %s\n", name, text)
		return err
	})
}

// describe says in words what moved.
func describe(move store.Move) string {
	place := func(version int) string {
		if version == 0 {
			return "off"
		}
		return strconv.Itoa(version)
	}
	text := fmt.Sprintf("%s %s -> %s", move.What, place(move.From), place(move.To))
	if move.What == "canary" && move.To != 0 {
		text += fmt.Sprintf(", %v%%", move.Percent)
	}
	if move.Rollback {
		text += ", rolled back"
	}
	return text
}
