package config

import (
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// Flags are the settings on the command line, by name. Kong finds the flags; their values
// are parsed here, as those of the other sources are.
type Flags map[string]string

// Option makes kong store in f what is given for settings, a pointer to a struct that is
// part of its grammar.
func (f Flags) Option(settings any) kong.Option {
	return kong.OptionFunc(func(k *kong.Kong) error {
		for _, s := range settingsOf(settings) {
			mapper := kong.MapperFunc(func(c *kong.DecodeContext, _ reflect.Value) error { return f.keep(s, c.Scan) })
			if err := kong.ValueMapper(s.value.Addr().Interface(), mapper).Apply(k); err != nil {
				return err
			}
		}
		return kong.ValueFormatter(helpWithDefault).Apply(k)
	})
}

func (f Flags) keep(s *setting, scan *kong.Scanner) error {
	if s.value.Kind() == reflect.Bool && scan.Peek().Type != kong.FlagValueToken {
		f[s.name] = "true" // --watch alone
		return nil
	}
	var text string
	if err := scan.PopValueInto(s.name, &text); err != nil {
		return err
	}
	if before, ok := f[s.name]; ok && s.isList() {
		text = before + "," + text
	}
	f[s.name] = text
	return nil
}

// helpWithDefault adds the default of a setting to its help.
func helpWithDefault(v *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(v)
	if initial := v.Tag.Get("initial"); initial != "" && initial != "false" {
		return strings.TrimSuffix(help, ".") + " (" + initial + ")."
	}
	return help
}
