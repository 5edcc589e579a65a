package jsonbody

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"
)

// Every row of the table allows what the validator allows.
func TestRulesAgreeWithValidator(t *testing.T) {
	validate := validator.New()
	for name := range rules {
		t.Run(name, func(t *testing.T) {
			for _, param := range []string{"-1", "0", "1", "2", "3", "7", "010", "0x2"} {
				tag := name + "=" + param
				ofString, ofList := plan{takes: stringKind, rules: anyLength}, plan{takes: listKind, rules: anyLength}
				if ofString.addRules(tag) || ofList.addRules(tag) {
					t.Fatalf("%s is left to the validator", tag)
				}
				for n := range 12 {
					for _, value := range []struct {
						plan  plan
						value any
					}{
						{ofString, strings.Repeat("a", n)},
						{ofString, strings.Repeat("é", n)},
						{ofString, strings.Repeat("😀", n)},
						{ofList, make([]string, n)},
					} {
						got, want := value.plan.rules.hold(n), validate.Var(value.value, tag) == nil
						if got != want {
							t.Errorf("%s of %#v: got %t, the validator says %t", tag, value.value, got, want)
						}
					}
				}
			}
		})
	}
}

// What has no row, or a parameter that is no number, is left to the validator.
func TestRulesOfOthers(t *testing.T) {
	tests := []struct {
		tag  string
		want bool
	}{
		{"", false},
		{"omitempty", false},
		{"min=1,max=5", false},
		{"omitempty,min=1,dive,max=3", false},
		{"oneof=a b", true},
		{"min=1,alpha", true},
		{"max=3|min=5", true},
		{"dive,email", true},
	}
	for _, test := range tests {
		t.Run(test.tag, func(t *testing.T) {
			list := plan{takes: listKind, elem: &plan{takes: stringKind}}
			if got := list.addRules(test.tag); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
	t.Run("a number", func(t *testing.T) {
		for name := range rules {
			number := plan{takes: numberKind}
			if !number.addRules(fmt.Sprintf("%s=1", name)) {
				t.Errorf("the validator is not asked for %s", name)
			}
		}
	})
}
