package jsonbody

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"
)

// An Item is one thing that is wrong with a request.
type Item struct {
	Loc  []any  `json:"loc"`                                // "body", then the keys and indexes that lead to it, or "query" and the parameter.
	Msg  string `json:"msg"`                                // What is wrong, for people.
	Type string `json:"type"`                               // What is wrong, for programs.
	Ctx  any    `json:"ctx,omitempty" swaggertype:"object"` // What the message was made of.
}

// The Ctx of an Item.
type (
	limitCtx struct {
		LimitValue any `json:"limit_value"`
	}
	permittedCtx struct {
		Given     any      `json:"given"`
		Permitted []string `json:"permitted"`
	}
	syntaxCtx struct {
		Msg    string `json:"msg"`
		Pos    int    `json:"pos"`
		Line   int    `json:"lineno"`
		Column int    `json:"colno"`
	}
	contentTypeCtx struct {
		Given  string `json:"content_type"`
		Wanted string `json:"wanted"`
	}
)

// What to say of a value that is absent or null.
var (
	fieldRequired = Item{Msg: "field required", Type: "value_error.missing"}
	noneGiven     = Item{Msg: "none is not an allowed value", Type: "type_error.none.not_allowed"}
)

func tooManyItems(limit int) Item {
	return Item{Msg: fmt.Sprintf("ensure this value has at most %d items", limit), Type: "value_error.list.max_items", Ctx: limitCtx{limit}}
}

// A step leads from a value to one inside it.
type step struct {
	name  string // of the field; "" in a list
	index int    // of the field in its struct, or of the item in its list
}

// A fault is one thing that is wrong with a value of a document.
type fault struct {
	path      []step
	item      Item // without its Loc
	undecoded bool // there is no value that rules could be about
	// FastAPI does not find this fault: it takes the value, and then the application
	// fails or works with another value. It is reported only if nothing else is wrong.
	strict bool
}

// items returns what to say of faults, in order of position.
func items(faults []fault) []Item {
	slices.SortStableFunc(faults, func(a, b fault) int {
		return slices.CompareFunc(a.path, b.path, func(a, b step) int { return cmp.Compare(a.index, b.index) })
	})
	var undecoded []step // the path of the last value that was not decoded
	faults = slices.DeleteFunc(faults, func(f fault) bool {
		if f.undecoded {
			undecoded = f.path
			return false
		}
		return undecoded != nil && hasPrefix(f.path, undecoded)
	})
	if slices.ContainsFunc(faults, func(f fault) bool { return !f.strict }) {
		faults = slices.DeleteFunc(faults, func(f fault) bool { return f.strict })
	}
	items := make([]Item, 0, len(faults))
	for i, f := range faults {
		if !f.undecoded && i+1 < len(faults) && len(faults[i+1].path) > len(f.path) && hasPrefix(faults[i+1].path, f.path) {
			continue // a rule about a list, which pydantic checks after its items
		}
		f.item.Loc = location(f.path)
		items = append(items, f.item)
	}
	return items
}

func hasPrefix(path, prefix []step) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

func location(path []step) []any {
	loc := make([]any, 0, 1+len(path))
	loc = append(loc, "body")
	for _, s := range path {
		if s.name != "" {
			loc = append(loc, s.name)
		} else {
			loc = append(loc, s.index)
		}
	}
	return loc
}

// item returns what to say of a document that is not JSON.
func (e *syntaxError) item(doc string) Item {
	pos, line, column := position(doc, e.offset)
	return Item{
		Loc:  []any{"body", pos},
		Msg:  fmt.Sprintf("%s: line %d column %d (char %d)", e.msg, line, column, pos),
		Type: "value_error.jsondecode",
		Ctx:  syntaxCtx{e.msg, pos, line, column},
	}
}

// fault returns the fault for a broken rule.
func (p *plan) fault(broken validator.FieldError) fault {
	// The namespace is "PredictPayload.texts[0].text", say.
	var path []step
	for _, part := range strings.Split(broken.Namespace(), ".")[1:] {
		name, index, isItem := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		i := slices.IndexFunc(p.fields, func(f plan) bool { return f.name == name })
		p = &p.fields[i]
		path = append(path, step{name, i})
		if isItem {
			n, _ := strconv.Atoi(index) // the validator's own writing
			p = p.elem
			path = append(path, step{index: n})
		}
	}
	if p.message != "" {
		return fault{path: path, item: Item{Msg: p.message, Type: "value_error"}}
	}
	return fault{path: path, item: ruleItem(broken)}
}
