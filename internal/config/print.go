package config

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes the settings as a file that sets the same values, with the origin of each
// in a comment.
func (l *Loaded) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range l.settings {
		fmt.Fprintf(table, "%s: %s\t# %s\n", s.name, s.yaml(), s.origin)
	}
	return table.Flush()
}

// File returns the text of a file that sets all settings of a struct to their defaults,
// and says what they mean.
func File(settings any) string {
	var b strings.Builder
	b.WriteString("# The settings of `tagifai serve --config FILE`, with their defaults. The environment\n" +
		"# goes before the file, as " + prefix + "…, and flags before both.\n")
	for _, s := range settingsOf(settings) {
		fmt.Fprintf(&b, "\n# %s\n%s: %s\n", s.help, s.name, s.yaml())
	}
	return b.String()
}

// Table returns a Markdown table of all settings of a struct.
func Table(settings any) string {
	var b strings.Builder
	b.WriteString("| setting | default | what |\n|---|---|---|\n")
	for _, s := range settingsOf(settings) {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", s.name, s.yaml(), s.help)
	}
	return b.String()
}
