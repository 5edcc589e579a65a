package recipe

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/sniff"
	"tagifai/internal/spelling"
	"tagifai/model"
)

// This file reads, checks and writes arguments by the tags of the fields of [Args].

// schemaKey is a key that editors put into a JSON file to name its schema.
const schemaKey = "$schema"

// Parse reads args.json. A missing key has a default of its own, which the schema
// tells and which does not change with the default recipe. An unknown key or an invalid
// value is an error.
func Parse(data []byte) (Args, error) {
	args := base()
	object, err := model.ParseObject(data)
	if err != nil {
		return args, notJSON(data, err)
	}
	return args, args.Update(object)
}

// Update sets the arguments that are keys of an object, and checks all of them.
func (a *Args) Update(object model.Object) error {
	if err := object.Check(); err != nil {
		return err
	}
	if err := setFields(reflect.ValueOf(a).Elem(), object, ""); err != nil {
		return err
	}
	return a.Check()
}

// Names returns the keys that args.json can have, in their order.
func Names() []string { return namesOf(reflect.TypeFor[Args]()) }

func namesOf(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		names = append(names, t.Field(i).Tag.Get("json"))
	}
	return names
}

// Object returns the arguments as args.json holds them.
func (a *Args) Object() (model.Object, error) {
	values, defaults := reflect.ValueOf(*a), reflect.ValueOf(base())
	text := []byte{'{'}
	for i := range values.NumField() {
		tag := values.Type().Field(i).Tag
		if tag.Get("optional") != "" && reflect.DeepEqual(values.Field(i).Interface(), defaults.Field(i).Interface()) {
			continue
		}
		value, err := json.Marshal(values.Field(i).Interface(), json.FormatNilSliceAsNull(true))
		if err != nil {
			return model.Object{}, fmt.Errorf("%s: %w", tag.Get("json"), err)
		}
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(append(strconv.AppendQuote(text, tag.Get("json")), ':'), value...)
	}
	return model.ParseObject(append(text, '}'))
}

// notJSON says what is wrong with data, which is not a JSON object.
func notJSON(data []byte, err error) error {
	if err := sniff.Text(data); err != nil {
		return err
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		line := 1 + bytes.Count(data[:min(int(e.ByteOffset), len(data))], []byte("\n"))
		return fmt.Errorf("line %d: not valid JSON: %w", line, e.Err)
	}
	return err
}

// setFields sets the fields of a struct to the values of an object. The path leads to the
// struct: "" or "blocks.0.", say.
func setFields(to reflect.Value, object model.Object, path string) error {
	names := namesOf(to.Type())
	for _, key := range object.Keys() {
		value, _ := object.Get(key)
		i := slices.Index(names, key)
		if i < 0 {
			if key == schemaKey && path == "" {
				continue
			}
			return unknownKey(path+key, key, names)
		}
		if err := setField(to.Field(i), to.Type().Field(i), value, path+key); err != nil {
			return err
		}
	}
	return nil
}

func unknownKey(path, key string, known []string) error {
	if nearest := spelling.Nearest(strings.ToLower(key), known); nearest != "" {
		return fmt.Errorf("%s: unknown; did you mean %s?", path, nearest)
	}
	return fmt.Errorf("%s: unknown; the keys are %s", path, strings.Join(known, ", "))
}

func setField(to reflect.Value, field reflect.StructField, value jsontext.Value, path string) error {
	if value.Kind() == 'n' && !isNullable(field) {
		return fmt.Errorf("%s: null; leave it out for the default", path)
	}
	if t := field.Type; t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct {
		return setList(to, value, path)
	}
	fresh := reflect.New(field.Type)
	if err := json.Unmarshal(value, fresh.Interface()); err != nil {
		return mistyped(field.Type, value, path)
	}
	to.Set(fresh.Elem())
	return nil
}

// isNullable reports whether null is a value of its own for an argument.
func isNullable(field reflect.StructField) bool {
	return field.Type.Kind() == reflect.Pointer || field.Tag.Get("nullable") != ""
}

// setList sets a list of structs.
func setList(to reflect.Value, value jsontext.Value, path string) error {
	var objects []jsontext.Value
	if err := json.Unmarshal(value, &objects); err != nil {
		return mistyped(to.Type(), value, path)
	}
	list := reflect.MakeSlice(to.Type(), len(objects), len(objects))
	for i, text := range objects {
		at := fmt.Sprintf("%s.%d", path, i)
		object, err := model.ParseObject(text)
		if err != nil {
			return mistyped(to.Type().Elem(), text, at)
		}
		list.Index(i).Set(defaultOf(to.Type().Elem()))
		if err := setFields(list.Index(i), object, at+"."); err != nil {
			return err
		}
	}
	if len(objects) == 0 {
		list = reflect.Zero(to.Type())
	}
	to.Set(list)
	return nil
}

// defaultOf returns a struct of arguments with the defaults of all.
func defaultOf(t reflect.Type) reflect.Value {
	switch t {
	case reflect.TypeFor[Args]():
		return reflect.ValueOf(base())
	case reflect.TypeFor[Block]():
		return reflect.ValueOf(baseBlock())
	case reflect.TypeFor[Document]():
		return reflect.ValueOf(Document{Weight: 1})
	}
	return reflect.Zero(t)
}

// typeNames are the types of the arguments, in the words of JSON.
var typeNames = map[reflect.Kind]string{
	reflect.Bool:    "true or false",
	reflect.Int:     "a whole number",
	reflect.Uint64:  "a whole number, not negative",
	reflect.Float64: "a number",
	reflect.String:  "a text",
	reflect.Struct:  "an object",
}

// typeName returns what a value of the type is called.
func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct {
			return "a list of objects"
		}
		return "a list of texts"
	}
	return typeNames[t.Kind()]
}

// mistyped says which argument has a value of the wrong type, and what it must be.
func mistyped(t reflect.Type, value jsontext.Value, path string) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Float64 && value.Kind() == '0' {
		return fmt.Errorf("%s: %s is too large", path, value)
	}
	return fmt.Errorf("%s: %s, must be %s", path, value, typeName(t))
}

// checkFields says which field of a struct of arguments is out of its range, if any is.
func checkFields(of any, path string) error {
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if err := checkField(v.Field(i), field.Tag, path+field.Tag.Get("json")); err != nil {
			return err
		}
	}
	return nil
}

func checkField(v reflect.Value, tag reflect.StructTag, path string) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return checkField(v.Elem(), tag, path)
		}
	case reflect.Int:
		return checkRange(float64(v.Int()), tag, path)
	case reflect.Float64:
		return checkRange(v.Float(), tag, path)
	case reflect.String:
		if allowed := strings.Fields(tag.Get("oneof")); len(allowed) > 0 && !slices.Contains(allowed, v.String()) {
			return fmt.Errorf("%s: %q is none of %q", path, v.String(), allowed)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Struct {
			if tag.Get("min") != "" && !v.IsNil() && v.Len() == 0 {
				return fmt.Errorf("%s: empty; null accepts every tag", path)
			}
			return nil
		}
		for i := range v.Len() {
			if err := checkFields(v.Index(i).Interface(), fmt.Sprintf("%s.%d.", path, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// A bound is what a number may be at least or at most.
type bounds struct {
	above, min, max *float64
}

func boundsOf(tag reflect.StructTag) bounds {
	number := func(name string) *float64 {
		x, err := strconv.ParseFloat(tag.Get(name), 64)
		if err != nil {
			return nil
		}
		return &x
	}
	return bounds{number("above"), number("min"), number("max")}
}

// String says what a number must be: "above 0", "between 0 and 1".
func (b bounds) String() string {
	switch {
	case b.above != nil:
		return fmt.Sprintf("above %v", *b.above)
	case b.min != nil && b.max != nil:
		return fmt.Sprintf("between %v and %v", *b.min, *b.max)
	case b.min != nil:
		return fmt.Sprintf("at least %v", *b.min)
	}
	return ""
}

func checkRange(x float64, tag reflect.StructTag, path string) error {
	b := boundsOf(tag)
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return fmt.Errorf("%s: %v, must be finite", path, x)
	case b.above != nil && x <= *b.above, b.min != nil && x < *b.min, b.max != nil && x > *b.max:
		return fmt.Errorf("%s: %v, must be %s", path, x, b)
	}
	return nil
}
