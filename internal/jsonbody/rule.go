package jsonbody

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"
)

// A rule is one of the validator's that has a limit as its parameter.
type rule struct {
	// allows returns the lengths that keep the rule: of a string in characters, of a
	// list in items. They are compared while decoding, which is quick. The validator is
	// asked only if one of them is broken, or a rule is not in the table.
	allows func(limit int) lengths
	// What to say when a string, a list or a number breaks the rule.
	text, list, number phrase
}

// A phrase is the type of an item and its message, with %v for the limit.
type phrase struct{ kind, format string }

// rules are the rules with a limit, by the validator's name for them. The words are
// pydantic's.
var rules = map[string]rule{
	"min": {atLeast, minLength, minItems, notGE},
	"gte": {atLeast, minLength, minItems, notGE},
	"max": {atMost, maxLength, maxItems, notLE},
	"lte": {atMost, maxLength, maxItems, notLE},
	"gt":  {func(limit int) lengths { return lengths{limit + 1, math.MaxInt} }, phrase{}, phrase{}, phrase{"number.not_gt", "ensure this value is greater than %v"}},
	"lt":  {func(limit int) lengths { return lengths{0, limit - 1} }, phrase{}, phrase{}, phrase{"number.not_lt", "ensure this value is less than %v"}},
	"len": {func(limit int) lengths { return lengths{limit, limit} }, phrase{}, phrase{}, phrase{}},
}

var (
	minLength = phrase{"any_str.min_length", "ensure this value has at least %v characters"}
	maxLength = phrase{"any_str.max_length", "ensure this value has at most %v characters"}
	minItems  = phrase{"list.min_items", "ensure this value has at least %v items"}
	maxItems  = phrase{"list.max_items", "ensure this value has at most %v items"}
	notGE     = phrase{"number.not_ge", "ensure this value is greater than or equal to %v"}
	notLE     = phrase{"number.not_le", "ensure this value is less than or equal to %v"}
)

// lengths are those from least to most.
type lengths struct{ least, most int }

var anyLength = lengths{0, math.MaxInt}

func atLeast(limit int) lengths { return lengths{limit, math.MaxInt} }
func atMost(limit int) lengths  { return lengths{0, limit} }

func (l lengths) hold(n int) bool { return l.least <= n && n <= l.most }

// addRules notes the rules of a validate tag for a value of p. It reports whether there
// are others, which only the validator knows.
func (p *plan) addRules(tag string) (others bool) {
	for part := range strings.SplitSeq(tag, ",") {
		name, param, _ := strings.Cut(part, "=")
		rule, known := rules[name]
		limit, err := strconv.ParseInt(param, 0, strconv.IntSize) // as the validator reads it
		switch {
		case part == "", part == "omitempty": // at worst the validator is asked in vain
		case part == "dive" && p.elem != nil:
			p = p.elem
		case known && err == nil && (p.takes == stringKind || p.takes == listKind):
			allowed := rule.allows(int(limit))
			p.rules = lengths{max(p.rules.least, allowed.least), min(p.rules.most, allowed.most)}
		default:
			others = true
		}
	}
	return others
}

// ruleItem returns what to say of a broken rule.
func ruleItem(broken validator.FieldError) Item {
	name, param := broken.ActualTag(), broken.Param()
	if name == "oneof" {
		permitted := strings.Fields(param)
		return Item{
			Msg:  "unexpected value; permitted: '" + strings.Join(permitted, "', '") + "'",
			Type: "value_error.const",
			Ctx:  permittedCtx{broken.Value(), permitted},
		}
	}
	var say phrase
	switch broken.Kind() {
	case reflect.String:
		say = rules[name].text
	case reflect.Slice:
		say = rules[name].list
	default:
		say = rules[name].number
	}
	if say == (phrase{}) {
		say = phrase{name, "this value breaks the rule " + name + " %v"}
	}
	limit := any(param)
	if n, err := strconv.Atoi(param); err == nil {
		limit = n
	}
	return Item{Msg: fmt.Sprintf(say.format, limit), Type: "value_error." + say.kind, Ctx: limitCtx{limit}}
}
