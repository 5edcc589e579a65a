package models

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/store"
)

type listCommand struct{}

func (listCommand) Help() string { return "Example:\n\n    tagifai models --models store list" }

// listed is a model as a row of the list.
type listed struct {
	Name     string         `json:"name"`
	Versions []int          `json:"versions"`
	Aliases  map[string]int `json:"aliases"`
	Canary   *store.Canary  `json:"canary,omitzero"`
	Shadow   *store.Shadow  `json:"shadow,omitzero"`
	Error    string         `json:"error,omitzero"` // why the versions or the aliases are not known
}

func (listCommand) Run(group *Command, env cli.Env) error {
	st, err := group.open()
	if err != nil {
		return err
	}
	names, err := st.Models()
	if err != nil {
		return err
	}
	models := make([]listed, len(names))
	for i, name := range names {
		models[i] = listModel(st, name)
	}
	return group.print(env.Out, models, func(w io.Writer) error { return printModels(w, models) })
}

func listModel(st *store.Store, name string) listed {
	versions, err := st.Numbers(name)
	if err != nil {
		return listed{Name: name, Error: err.Error()}
	}
	a, err := st.Aliases(name)
	if err != nil {
		return listed{Name: name, Versions: versions, Error: err.Error()}
	}
	return listed{Name: name, Versions: versions, Aliases: a.Aliases, Canary: a.Canary, Shadow: a.Shadow}
}

func printModels(w io.Writer, models []listed) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "NAME\tVERSIONS\tSTABLE\tALSO NAMED\n")
	for _, m := range models {
		if m.Error != "" {
			fmt.Fprintf(t, "%s\t%d\t?\t%s\n", m.Name, len(m.Versions), m.Error)
			continue
		}
		a := &store.Aliases{Aliases: m.Aliases}
		var also []string
		for _, alias := range a.Names() {
			if alias != store.Stable {
				also = append(also, fmt.Sprintf("%s %d", alias, m.Aliases[alias]))
			}
		}
		if m.Canary != nil {
			also = append(also, fmt.Sprintf("canary %d (%v%%)", m.Canary.Version, m.Canary.Percent))
		}
		if m.Shadow != nil {
			also = append(also, fmt.Sprintf("shadow %d", m.Shadow.Version))
		}
		stable := "-"
		if version := m.Aliases[store.Stable]; version != 0 {
			stable = strconv.Itoa(version)
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", m.Name, len(m.Versions), stable, cmp.Or(strings.Join(also, ", "), "-"))
	}
	return t.Flush()
}
