// Package auth finds out who asks, by a key or by a JSON Web Token, and says what they
// may do. It knows no routes.
package auth

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// An Action is something that a principal may be allowed to do.
type Action uint8

// The actions. The zero Action is none, and nobody may do it.
const (
	Predict Action = 1 << iota // predict tags for texts
	Explain                    // explain predictions
	Read                       // see what is served, and how it does
	Batch                      // predict files and tables
	Admin                      // change what is served
)

var actionNames = []struct {
	Action
	name string
}{{Predict, "predict"}, {Explain, "explain"}, {Read, "read"}, {Batch, "batch"}, {Admin, "admin"}}

// ActionNames returns the names of all actions.
func ActionNames() []string {
	names := make([]string, len(actionNames))
	for i, a := range actionNames {
		names[i] = a.name
	}
	return names
}

// ParseAction returns the action with this name.
func ParseAction(name string) (Action, error) {
	for _, a := range actionNames {
		if a.name == name {
			return a.Action, nil
		}
	}
	return 0, fmt.Errorf("%.100q is not an action; give %s", name, strings.Join(ActionNames(), ", "))
}

// ParseActions returns the actions with these names, or'd.
func ParseActions(names []string) (Action, error) {
	var all Action
	for _, name := range names {
		a, err := ParseAction(name)
		if err != nil {
			return 0, err
		}
		all |= a
	}
	return all, nil
}

// Names returns the names of actions that are or'd.
func (a Action) Names() []string {
	var names []string
	for _, named := range actionNames {
		if a&named.Action != 0 {
			names = append(names, named.name)
		}
	}
	return names
}

func (a Action) String() string { return strings.Join(a.Names(), ", ") }

// A Principal is who sends a request. It does not change.
type Principal struct {
	id      string
	actions Action   // all of them, or'd
	models  []string // patterns of the models' names; nil is every model
}

// ID returns the name of the principal, for the log, the history and limits: the id of a
// key, or "jwt:" and the subject of a token. It is no secret.
func (p *Principal) ID() string { return p.id }

// May reports whether the principal may do this to some model.
func (p *Principal) May(a Action) bool { return a != 0 && p.actions&a == a }

// MayUse reports whether the principal may do it to the model with this name.
func (p *Principal) MayUse(model string) bool {
	return p.models == nil || slices.ContainsFunc(p.models, func(pattern string) bool {
		matches, err := path.Match(pattern, model)
		return err == nil && matches
	})
}

// MayUseAll reports whether the principal may use every model, whatever its name.
func (p *Principal) MayUseAll() bool { return p.models == nil }

// CheckPatterns says what is wrong with patterns of the names of models.
func CheckPatterns(patterns []string) error {
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return fmt.Errorf("%.100q is not a pattern of names; give one such as 'tagger*'", pattern)
		}
	}
	return nil
}
