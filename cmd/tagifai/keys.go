package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"tagifai/internal/auth"
)

// keysCommand is the group of subcommands that look after a keys file.
type keysCommand struct {
	KeysFile string `required:"" env:"TAGIFAI_KEYS_FILE" placeholder:"FILE" help:"File of the keys, as for tagifai serve."`

	New    newKeyCommand    `cmd:"" help:"Make a key, and print its secret."`
	List   listKeysCommand  `cmd:"" help:"List the keys."`
	Revoke revokeKeyCommand `cmd:"" help:"Take a key away."`
}

func (keysCommand) Help() string {
	return "Example:\n\n    tagifai keys --keys-file keys.yaml new --id website --actions predict --expires 90d\n    tagifai keys --keys-file keys.yaml revoke website\n\n" +
		"A service that runs with the file follows changes within a second."
}

type listKeysCommand struct{}

func (listKeysCommand) Help() string {
	return "Example:\n\n    tagifai keys --keys-file keys.yaml list"
}

func (listKeysCommand) Run(group *keysCommand, s streams) error {
	keys, err := auth.ReadKeys(group.KeysFile)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
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

type revokeKeyCommand struct {
	ID string `arg:"" help:"Id of the key."`
}

func (revokeKeyCommand) Help() string {
	return "Example:\n\n    tagifai keys --keys-file keys.yaml revoke website"
}

func (c revokeKeyCommand) Run(group *keysCommand, s streams) error {
	if err := auth.RevokeKey(group.KeysFile, c.ID); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.err, "key %s is revoked\n", c.ID)
	return err
}
