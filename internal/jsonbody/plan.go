package jsonbody

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A plan says how a JSON value is read into a Go value of one type. It does not change
// once it is made.
type plan struct {
	takes    byte                                         // the kind of JSON value: one of the kinds below
	wrong    Item                                         // what to say of another kind
	none     Item                                         // what to say of null
	optional bool                                         // it may be absent or null
	lenient  bool                                         // FastAPI lets it be absent or null; see fault.strict
	fields   []plan                                       // of an object, in order
	name     string                                       // of a field: its key
	message  string                                       // of a field: what to say when a rule is broken, in place of the rule's words
	elem     *plan                                        // of a list
	set      func(dst reflect.Value, literal string) bool // of a number or boolean

	rules  lengths // of a string or a list
	others bool    // a value inside has rules that only the validator knows
}

// The kinds of JSON values.
const (
	objectKind  = '{'
	listKind    = '['
	stringKind  = '"'
	numberKind  = '0'
	booleanKind = 't'
	nullKind    = 'n'
)

// What the decoder has room for.
const (
	maxFields = 16 // of an object
	maxPath   = 8  // steps to a value, each into a field or an item
)

// deepest returns how many steps the longest path takes.
func (p *plan) deepest() int {
	if p.elem != nil {
		return 1 + p.elem.deepest()
	}
	most := 0
	for i := range p.fields {
		most = max(most, 1+p.fields[i].deepest())
	}
	return most
}

// newPlan returns the plan for a type. It panics if no payload can have the type.
func newPlan(t reflect.Type, maxText string) plan {
	switch t.Kind() {
	case reflect.Struct:
		p := plan{takes: objectKind, none: noneGiven, wrong: Item{Msg: "value is not a valid dict", Type: "type_error.dict"}}
		for i := range t.NumField() {
			field := t.Field(i)
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "" || !field.IsExported() {
				panic(fmt.Sprintf("jsonbody: field %s of %s has no JSON name", field.Name, t))
			}
			f := newPlan(field.Type, maxText)
			f.name, f.optional, f.message = name, options == "omitempty", field.Tag.Get("message")
			f.lenient = field.Tag.Get("fastapi") == "optional"
			rules := strings.ReplaceAll(field.Tag.Get("validate"), "max_text", maxText)
			p.others = f.addRules(rules) || f.others || p.others
			p.fields = append(p.fields, f)
		}
		if len(p.fields) > maxFields {
			panic(fmt.Sprintf("jsonbody: %s has more than %d fields", t, maxFields))
		}
		return p
	case reflect.Slice:
		elem := newPlan(t.Elem(), maxText)
		return plan{takes: listKind, none: noneGiven, elem: &elem, others: elem.others, rules: anyLength, wrong: Item{Msg: "value is not a valid list", Type: "type_error.list"}}
	case reflect.String:
		return plan{takes: stringKind, none: noneGiven, rules: anyLength, wrong: Item{Msg: "str type expected", Type: "type_error.str"}}
	case reflect.Bool:
		return plan{takes: booleanKind, none: noneGiven, set: setBool, wrong: Item{Msg: "value could not be parsed to a boolean", Type: "type_error.bool"}}
	case reflect.Int, reflect.Int64:
		return plan{takes: numberKind, none: noneGiven, set: setInt, wrong: Item{Msg: "value is not a valid integer", Type: "type_error.integer"}}
	case reflect.Float64:
		return plan{takes: numberKind, none: noneGiven, set: setFloat, wrong: Item{Msg: "value is not a valid float", Type: "type_error.float"}}
	default:
		panic(fmt.Sprintf("jsonbody: a payload cannot have a %s", t))
	}
}

func setBool(dst reflect.Value, literal string) bool {
	dst.SetBool(literal == "true")
	return true
}

func setInt(dst reflect.Value, literal string) bool {
	n, err := strconv.ParseInt(literal, 10, dst.Type().Bits())
	dst.SetInt(n)
	return err == nil
}

func setFloat(dst reflect.Value, literal string) bool {
	f, err := strconv.ParseFloat(literal, 64)
	dst.SetFloat(f) // also an infinity that a large number becomes
	return err == nil || errors.Is(err, strconv.ErrRange)
}

// field returns the index of the field that a quoted key names, or -1.
func (p *plan) field(key string) int {
	if p == nil {
		return -1
	}
	plain := key[1 : len(key)-1]
	if strings.IndexByte(plain, '\\') >= 0 {
		unquoted, err := jsontext.AppendUnquote(nil, key)
		if err != nil {
			return -1
		}
		plain = string(unquoted)
	}
	for i := range p.fields { // slices.IndexFunc would copy each
		if p.fields[i].name == plain {
			return i
		}
	}
	return -1
}
