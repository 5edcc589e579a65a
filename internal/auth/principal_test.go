package auth

import (
	"testing"
)

func TestPrincipalMay(t *testing.T) {
	all := Predict | Explain | Read | Batch | Admin
	tests := []struct {
		name    string
		allowed Action
		asked   Action
		want    bool
	}{
		{"the one", Predict, Predict, true},
		{"one of several", Predict | Read, Read, true},
		{"another", Predict | Read, Admin, false},
		{"admin is no more than itself", Admin, Read, false},
		{"both of two", Predict | Read, Predict | Read, true},
		{"one of two", Predict, Predict | Read, false},
		{"none", all, 0, false},
		{"none of none", 0, 0, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &Principal{actions: test.allowed}
			if got := p.May(test.asked); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestPrincipalMayUse(t *testing.T) {
	tests := []struct {
		name     string
		patterns []string
		model    string
		want     bool
	}{
		{"every model", nil, "tagger", true},
		{"no model", []string{}, "tagger", false},
		{"the name", []string{"tagger"}, "tagger", true},
		{"a longer name", []string{"tagger"}, "tagger2", false},
		{"a beginning", []string{"tagger*"}, "tagger-en", true},
		{"another beginning", []string{"tagger*"}, "a-tagger", false},
		{"the second pattern", []string{"a", "b?"}, "b1", true},
		{"a model that is not known yet", []string{"tagger*"}, "", false},
		{"a star", []string{"*"}, "tagger", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &Principal{models: test.patterns}
			if got := p.MayUse(test.model); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if got, want := p.MayUseAll(), test.patterns == nil; got != want {
				t.Errorf("MayUseAll: got %v, want %v", got, want)
			}
		})
	}
}

func TestParseAction(t *testing.T) {
	for _, name := range ActionNames() {
		a, err := ParseAction(name)
		if err != nil || a.String() != name {
			t.Errorf("%s: got %v, %v", name, a, err)
		}
	}
	for _, name := range []string{"", "Predict", "all"} {
		if a, err := ParseAction(name); err == nil || a != 0 {
			t.Errorf("%q: got %v", name, a)
		}
	}
}
