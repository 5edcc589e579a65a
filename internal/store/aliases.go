package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// Stable is the alias that requests get which name no version.
	Stable = "stable"

	canaryName = "canary"
	shadowName = "shadow"

	maxHistory = 100
	maxAliases = 1 << 20 // bytes of the file
	maxBy      = 256     // bytes
)

// Aliases are what aliases.json holds.
type Aliases struct {
	Aliases map[string]int `json:"aliases"` // versions by name
	Canary  *Canary        `json:"canary,omitzero"`
	Shadow  *Shadow        `json:"shadow,omitzero"`
	History []Move         `json:"history,omitzero"` // the last 100 moves, oldest first

	data []byte // of the file; nil if there is none
}

// A Canary is a version that gets a share of the requests for [Stable].
type Canary struct {
	Version int     `json:"version"`
	Percent float64 `json:"percent"` // 0 to 100
}

// A Shadow is a version that predicts the same texts, for comparison alone.
type Shadow struct {
	Version int `json:"version"`
}

// A Move says what moved when, from where to where, and by whom.
type Move struct {
	Time time.Time `json:"time"`
	By   string    `json:"by"`
	What string    `json:"what"`          // the alias, "canary" or "shadow"
	From int       `json:"from,omitzero"` // 0 if it was nowhere
	To   int       `json:"to,omitzero"`   // 0 if it is nowhere now
	// Percent is the share of the canary from then on.
	Percent float64 `json:"percent,omitzero"`
	// Rollback says that the move took an earlier one back.
	Rollback bool `json:"rollback,omitzero"`
}

// Aliases returns the aliases of a model: none if it has no such file.
func (s *Store) Aliases(name string) (*Aliases, error) {
	data, err := s.readAliases(name)
	if err != nil {
		return nil, err
	}
	a, err := parseAliases(data)
	if err != nil {
		return nil, errorf(ErrRefused, "%s: %w", s.AliasesFile(name), err)
	}
	return a, nil
}

// Revision returns what differs, in all likelihood, between two contents of a model's
// aliases file. It is cheaper than [Store.Aliases], which it does not make superfluous:
// the file may be wrong.
func (s *Store) Revision(name string) (string, error) {
	data, err := s.readAliases(name)
	if err != nil {
		return "", err
	}
	return revision(data), nil
}

// Revision is the [Store.Revision] that a was read from.
func (a *Aliases) Revision() string { return revision(a.data) }

func revision(data []byte) string {
	if data == nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// readAliases returns the content of the aliases file of a model, nil if there is none.
func (s *Store) readAliases(name string) ([]byte, error) {
	if err := s.find(name); err != nil {
		return nil, err
	}
	data, err := readFile(s.AliasesFile(name), maxAliases)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// parseAliases reads aliases.json strictly; nil is that of a model without aliases.
func parseAliases(data []byte) (*Aliases, error) {
	a := &Aliases{data: data}
	if data != nil {
		if err := json.Unmarshal(data, a, json.RejectUnknownMembers(true)); err != nil {
			return nil, err
		}
	}
	if a.Aliases == nil {
		a.Aliases = make(map[string]int)
	}
	return a, a.validate()
}

func (a *Aliases) validate() error {
	for _, alias := range a.Names() {
		if err := CheckAlias(alias); err != nil {
			return fmt.Errorf("aliases: %w", err)
		}
		if err := checkVersion(a.Aliases[alias]); err != nil {
			return fmt.Errorf("aliases: %s: %w", alias, err)
		}
	}
	if a.Canary != nil {
		if err := cmp.Or(checkVersion(a.Canary.Version), checkPercent(a.Canary.Percent)); err != nil {
			return fmt.Errorf("canary: %w", err)
		}
	}
	if a.Shadow != nil {
		if err := checkVersion(a.Shadow.Version); err != nil {
			return fmt.Errorf("shadow: %w", err)
		}
	}
	for i, move := range a.History {
		var err error
		for _, version := range []int{move.From, move.To} {
			if version != 0 {
				err = cmp.Or(err, checkVersion(version))
			}
		}
		if move.What != canaryName && move.What != shadowName {
			err = cmp.Or(err, CheckAlias(move.What))
		}
		if err != nil {
			return fmt.Errorf("history[%d]: %w", i, err)
		}
	}
	return nil
}

func checkVersion(version int) error {
	if version < 1 || version > 999_999_999 {
		return errorf(ErrInvalid, "%d cannot be a version: want a number from 1 to 999999999", version)
	}
	return nil
}

func checkPercent(percent float64) error {
	if !(percent >= 0 && percent <= 100) {
		return errorf(ErrInvalid, "a share of %v percent cannot be: want a number from 0 to 100", percent)
	}
	return nil
}

// marshal returns the text of aliases.json.
func (a *Aliases) marshal() ([]byte, error) {
	data, err := json.Marshal(a, json.Deterministic(true), jsontext.WithIndent("  "))
	return append(data, '\n'), err
}

// clone returns a copy that shares nothing that changes.
func (a *Aliases) clone() *Aliases {
	c := *a
	c.Aliases = maps.Clone(a.Aliases)
	c.History = slices.Clone(a.History)
	return &c
}

// equal reports whether a and b are the same but for their history.
func (a *Aliases) equal(b *Aliases) bool {
	return maps.Equal(a.Aliases, b.Aliases) && equalOrNil(a.Canary, b.Canary) && equalOrNil(a.Shadow, b.Shadow)
}

func equalOrNil[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// version returns where an alias, the canary or the shadow is, 0 if nowhere.
func (a *Aliases) version(what string) int {
	switch {
	case what == canaryName && a.Canary != nil:
		return a.Canary.Version
	case what == shadowName && a.Shadow != nil:
		return a.Shadow.Version
	}
	return a.Aliases[what]
}

// record adds a move to the history, of which it keeps the last 100.
func (a *Aliases) record(move Move) {
	move.By = shortened(move.By)
	move.Time = time.Now().UTC().Truncate(time.Second)
	a.History = append(a.History, move)
	a.History = a.History[max(0, len(a.History)-maxHistory):]
}

// shortened cuts a text that somebody else chose, and replaces what is not UTF-8.
func shortened(by string) string {
	return string(bytes.ToValidUTF8([]byte(by[:min(len(by), maxBy)]), []byte("?")))
}

// before returns the version that an alias was at before its last move that was not
// taken back, 0 if that is not known.
//
// It follows the history with a stack: a move puts its target onto it, and a rollback
// takes the top off. An alias that is not where the history left it was moved by hand,
// which counts as a move.
func (a *Aliases) before(alias string) int {
	var stack []int
	top := func() int {
		if len(stack) == 0 {
			return 0
		}
		return stack[len(stack)-1]
	}
	at := func(version int) {
		if version != 0 && version != top() {
			stack = append(stack, version)
		}
	}
	for _, move := range a.History {
		if move.What != alias {
			continue
		}
		at(move.From)
		if move.Rollback && len(stack) > 0 {
			stack = stack[:len(stack)-1]
		}
		at(move.To)
	}
	at(a.Aliases[alias])
	if a.Aliases[alias] == top() && len(stack) > 0 {
		stack = stack[:len(stack)-1]
	}
	return top()
}

// needs returns why a version must stay: what names it, or would after a rollback.
func (a *Aliases) needs(version int) []string {
	var reasons []string
	for _, alias := range a.Names() {
		if a.Aliases[alias] == version {
			reasons = append(reasons, "the alias "+alias+" is there")
		}
		if a.before(alias) == version {
			reasons = append(reasons, "a rollback of "+alias+" would go there")
		}
	}
	if a.version(canaryName) == version {
		reasons = append(reasons, "the canary is there")
	}
	if a.version(shadowName) == version {
		reasons = append(reasons, "the shadow is there")
	}
	if len(a.History) == 0 || len(reasons) > 0 {
		return reasons
	}
	// An alias that is off comes back where it was. A canary, a shadow and what was rolled
	// back do not come back.
	last := a.History[len(a.History)-1]
	if last.From == version && !last.Rollback && last.What != canaryName && last.What != shadowName {
		reasons = append(reasons, "the last move took "+last.What+" from there")
	}
	return reasons
}

// highest returns the highest version that a mentions.
func (a *Aliases) highest() int {
	highest := max(a.version(canaryName), a.version(shadowName))
	for _, version := range a.Aliases {
		highest = max(highest, version)
	}
	for _, move := range a.History {
		highest = max(highest, move.From, move.To)
	}
	return highest
}

// Names returns the aliases, sorted.
func (a *Aliases) Names() []string { return slices.Sorted(maps.Keys(a.Aliases)) }
