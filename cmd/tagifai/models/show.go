package models

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/golden"
	"tagifai/internal/store"
	"tagifai/model"
)

type showCommand struct {
	What string `arg:"" name:"name[@alias|:version]" help:"Model; or one version of it, by alias or number."`
}

func (showCommand) Help() string {
	return "Example:\n\n    tagifai models --models store show tagger\n    tagifai models --models store show tagger@stable\n    tagifai models --models store show tagger:3"
}

func (c showCommand) Run(ctx context.Context, group *Command, env cli.Env) error {
	st, err := group.open()
	if err != nil {
		return err
	}
	at := strings.IndexAny(c.What, "@:")
	if at < 0 {
		return showModel(group, st, c.What, env)
	}
	name, which := c.What[:at], c.What[at+1:]
	version, err := st.Resolve(name, which)
	if err != nil {
		return err
	}
	return showVersion(ctx, group, st, name, version, env)
}

// A shownModel is what there is to say of a model.
type shownModel struct {
	Name     string         `json:"name"`
	Versions []shownVersion `json:"versions"`
	Aliases  *store.Aliases `json:"aliases"`
}

// A shownVersion is a row of it.
type shownVersion struct {
	Version int           `json:"version"`
	Names   []string      `json:"names"`
	Bytes   int64         `json:"bytes,omitzero"`
	Origin  *store.Origin `json:"origin,omitzero"`
	Error   string        `json:"error,omitzero"` // why it is not served
}

func showModel(group *Command, st *store.Store, name string, env cli.Env) error {
	versions, err := st.Versions(name)
	if err != nil {
		return err
	}
	aliases, err := st.Aliases(name)
	if err != nil {
		return err
	}
	shown := shownModel{Name: name, Aliases: aliases}
	for _, version := range versions {
		row := shownVersion{Version: version.Number, Names: names(aliases, version.Number)}
		if version.Err != nil {
			row.Error = version.Err.Error()
		} else {
			row.Bytes, row.Origin = version.Manifest.Bytes(), &version.Manifest.Origin
		}
		shown.Versions = append(shown.Versions, row)
	}
	return group.print(env.Out, shown, func(w io.Writer) error { return printModel(w, shown) })
}

func printModel(w io.Writer, m shownModel) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "VERSION\tNAMED\tADDED\tBYTES\tFROM\n")
	for _, v := range m.Versions {
		named := cmp.Or(strings.Join(v.Names, ", "), "-")
		if v.Error != "" {
			fmt.Fprintf(t, "%d\t%s\t-\t-\t%s\n", v.Version, named, v.Error)
			continue
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%s\n", v.Version, named, stamp(v.Origin.Time), v.Bytes, v.Origin.Source)
	}
	if len(m.Aliases.History) > 0 {
		fmt.Fprint(t, "\nMOVED\tWHAT\tBY\n")
		for _, move := range slices.Backward(m.Aliases.History[max(0, len(m.Aliases.History)-10):]) {
			fmt.Fprintf(t, "%s\t%s\t%s\n", stamp(move.Time), describe(move), move.By)
		}
	}
	return t.Flush()
}

func stamp(t time.Time) string { return t.UTC().Format(time.DateTime) }

// A shownArtifact is what there is to say of a version.
type shownArtifact struct {
	Name        string            `json:"name"`
	Version     int               `json:"version"`
	Names       []string          `json:"names"`
	Manifest    *store.Manifest   `json:"manifest"`
	RunID       string            `json:"run_id"`
	Format      string            `json:"format"`
	Classes     []string          `json:"classes"`
	NGrams      int               `json:"ngrams"`
	Provenance  map[string]string `json:"provenance"`
	Args        model.Object      `json:"args"`
	Performance model.Object      `json:"performance"`
	Golden      int               `json:"golden"` // predictions that it was checked against
}

// showVersion checks a version as serve does before it serves one, and shows it.
func showVersion(ctx context.Context, group *Command, st *store.Store, name string, version int, env cli.Env) error {
	manifest, err := st.Verify(ctx, name, version)
	if err != nil {
		return err
	}
	aliases, err := st.Aliases(name)
	if err != nil {
		return err
	}
	dir := st.VersionDir(name, version)
	a, err := cli.ReadArtifact(&dir)
	if err != nil {
		return err
	}
	m, err := model.New(a)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	reproduced, err := golden.Check(os.DirFS(dir), m)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	cli.PrintWarnings(env.Err, a.Warnings)
	shown := shownArtifact{
		Name: name, Version: version, Names: names(aliases, version), Manifest: manifest,
		RunID: a.RunID, Format: a.Format, Classes: a.Weights.Classes, NGrams: a.Weights.Features(),
		Provenance: a.Weights.Provenance, Args: a.Args, Performance: a.Performance, Golden: reproduced,
	}
	return group.print(env.Out, shown, func(w io.Writer) error {
		fmt.Fprintf(w, "%s:%d, %s\n", name, version, cmp.Or(strings.Join(shown.Names, ", "), "not named"))
		fmt.Fprintf(w, "added %s by %s from %s with %s\n", stamp(manifest.Time), manifest.By, manifest.Source, manifest.Tool)
		fmt.Fprintf(w, "all %d files agree with the manifest; %d golden predictions are reproduced\n\n", len(manifest.Files), reproduced)
		return cli.PrintArtifact(w, a)
	})
}
