// Package config reads the settings of the service. A flag overrides the environment,
// the environment overrides the file, and the file overrides the default, which for the
// port is that of a platform that names one. It is strict:
// unknown names, values of the wrong type or out of range, and contradictions are errors.
// An [Error] is one line that names the setting, its value, where that came from, and
// what to do.
package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tagifai/internal/spelling"
)

// An Error says what is wrong with the settings, in one line.
type Error struct{ text string }

func (e *Error) Error() string { return e.text }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// Sources are where settings come from, besides their defaults.
type Sources struct {
	File    *string  // YAML; nil is the one that TAGIFAI_CONFIG names, and none if it is not set
	Environ []string // as [os.Environ] returns it
	Flags   Flags
}

// Loaded are settings that were read, each with its origin.
type Loaded struct{ settings []*setting }

// Load fills settings, a pointer to a struct such as [Settings], from its defaults and
// the sources. Its errors are of type *[Error].
func Load(settings any, from Sources) (*Loaded, error) {
	l := &Loaded{settingsOf(settings)}
	if err := l.readPort(from.Environ); err != nil {
		return nil, err
	}
	variables := variables(from.Environ)
	file, origin := from.File, "flag --config"
	if name, ok := variables[prefix+"CONFIG"]; ok && file == nil {
		file, origin = &name, "environment "+prefix+"CONFIG"
	}
	if file != nil {
		if err := l.readFile(*file, origin); err != nil {
			return nil, err
		}
	}
	if err := l.readEnvironment(variables); err != nil {
		return nil, err
	}
	for _, s := range l.settings {
		if text, ok := from.Flags[s.name]; ok {
			if err := s.set(text, "flag --"+s.name); err != nil {
				return nil, err
			}
		}
	}
	if checker, ok := settings.(interface{ check(*Loaded) error }); ok {
		if err := checker.check(l); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Refuse returns an [Error] about the setting with this name. It begins with the value
// and its origin; problem is the rest of the sentence.
func (l *Loaded) Refuse(name, problem string, args ...any) error {
	return errorf("%s %s", l.describe(name), fmt.Sprintf(problem, args...))
}

func (l *Loaded) describe(name string) string {
	s := l.find(name)
	return fmt.Sprintf("%s: %s (%s)", name, s.yaml(), s.origin)
}

// changed reports whether a setting has another value than its default.
func (l *Loaded) changed(name string) bool {
	s := l.find(name)
	if s.isList() {
		return strings.Join(s.items, ",") != s.initial
	}
	return s.text != s.initial
}

// find returns the setting with this name, nil if there is none.
func (l *Loaded) find(name string) *setting {
	i := slices.IndexFunc(l.settings, func(s *setting) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return l.settings[i]
}

// advice says what an unknown name may have meant. Form writes a name as it is written
// in that source.
func (l *Loaded) advice(name string, form func(string) string) string {
	if near := l.nearest(name); near != "" {
		return "did you mean " + form(near) + "?"
	}
	return "remove it, or see tagifai serve --help for its right name"
}

// nearest returns the name of the setting that is most like this one, "" if none is.
func (l *Loaded) nearest(name string) string {
	var known []string
	for _, s := range l.settings {
		known = append(known, s.name)
	}
	return spelling.Nearest(strings.ReplaceAll(strings.ToLower(name), "_", "-"), known)
}

// printable returns s, quoted if it contains anything but printable characters.
func printable(s string) string {
	if quoted := strconv.Quote(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}
