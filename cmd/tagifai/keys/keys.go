// Package keys is tagifai keys, which looks after a keys file.
package keys

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/auth"
)

// Command is the group of subcommands, each with a file.
type Command struct {
	KeysFile string `required:"" env:"TAGIFAI_KEYS_FILE" placeholder:"FILE" help:"File of the keys, as for tagifai serve."`

	New    newCommand    `cmd:"" help:"Make a key, and print its secret."`
	List   listCommand   `cmd:"" help:"List the keys."`
	Revoke revokeCommand `cmd:"" help:"Revoke a key."`
}

// Help is what --help shows below the usage.
func (Command) Help() string {
	return "Example:\n\n    tagifai keys --keys-file keys.yaml new --id website --actions predict --expires 90d\n    tagifai keys --keys-file keys.yaml revoke website\n\n" +
		"A service that runs with the file follows changes within a second."
}

type listCommand struct{}

func (listCommand) Help() string {
	return "Example:\n\n    tagifai keys --keys-file keys.yaml list"
}

func (listCommand) Run(group *Command, env cli.Env) error {
	keys, err := auth.ReadKeys(group.KeysFile)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(env.Out, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "ID\tACTIONS\tMODELS\tEXPIRES\n")
	for _, k := range keys {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", k.ID, k.Actions, modelsText(k.Models), expiryText(k.Expires, time.Now()))
	}
	return t.Flush()
}

func modelsText(patterns []string) string {
	if patterns == nil {
		return "all"
	}
	return strings.Join(patterns, ", ")
}

func expiryText(expires, now time.Time) string {
	switch {
	case expires.IsZero():
		return "never"
	case !now.Before(expires):
		return expires.UTC().Format(time.RFC3339) + " (expired)"
	}
	return expires.UTC().Format(time.RFC3339)
}

type revokeCommand struct {
	ID string `arg:"" help:"Id of the key."`
}

func (revokeCommand) Help() string {
	return "Example:\n\n    tagifai keys --keys-file keys.yaml revoke website"
}

func (c revokeCommand) Run(group *Command, env cli.Env) error {
	if err := auth.RevokeKey(group.KeysFile, c.ID); err != nil {
		return err
	}
	_, err := fmt.Fprintf(env.Err, "key %s is revoked\n", c.ID)
	return err
}
