package recipe

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A schema is a JSON Schema, draft 7, of a value.
type schema struct {
	Schema      string         `json:"$schema,omitzero"`
	Title       string         `json:"title,omitzero"`
	Description string         `json:"description,omitzero"`
	Type        any            `json:"type,omitzero"` // a name, or several
	Properties  properties     `json:"properties,omitzero"`
	Additional  *bool          `json:"additionalProperties,omitzero"`
	Required    []string       `json:"required,omitzero"`
	Items       *schema        `json:"items,omitzero"`
	Enum        []string       `json:"enum,omitempty"`
	Above       *float64       `json:"exclusiveMinimum,omitzero"`
	Minimum     *float64       `json:"minimum,omitzero"`
	Maximum     *float64       `json:"maximum,omitzero"`
	MinItems    int            `json:"minItems,omitzero"`
	Default     jsontext.Value `json:"default,omitzero"`
}

// properties are the schemas of an object's values, in the order of its keys.
type properties []property

type property struct {
	name string
	of   schema
}

// MarshalJSONTo writes the properties as an object.
func (p properties) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for i := range p {
		if err := e.WriteToken(jsontext.String(p[i].name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(e, &p[i].of); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

// Schema returns the JSON Schema of args.json, for editors.
func Schema() ([]byte, error) {
	s := objectSchema(reflect.TypeFor[Args]())
	s.Schema = "http://json-schema.org/draft-07/schema#"
	s.Title = "Training arguments of TagIfAI"
	named := schema{Type: "string", Description: "Where this schema is; tagifai ignores it."}
	s.Properties = append(properties{{schemaKey, named}}, s.Properties...)
	text, err := json.Marshal(s, jsontext.WithIndent("  "))
	return append(text, '\n'), err
}

// objectSchema returns the schema of a struct of arguments.
func objectSchema(t reflect.Type) schema {
	s := schema{Type: "object", Additional: new(bool)}
	defaults := defaultOf(t)
	for i := range t.NumField() {
		field := t.Field(i)
		of := valueSchema(field.Type, field.Tag)
		of.Description = field.Tag.Get("help")
		if isNullable(field) {
			of.Type = []any{of.Type, "null"}
		}
		if field.Tag.Get("required") != "" {
			s.Required = append(s.Required, field.Tag.Get("json"))
		} else {
			of.Default = defaultJSON(field, defaults.Field(i))
		}
		s.Properties = append(s.Properties, property{field.Tag.Get("json"), of})
	}
	return s
}

// defaultJSON returns the JSON of an argument's default.
func defaultJSON(field reflect.StructField, value reflect.Value) jsontext.Value {
	text, err := json.Marshal(value.Interface(), json.FormatNilSliceAsNull(isNullable(field)))
	if err != nil {
		panic(err) // no default is anything that JSON cannot hold
	}
	return text
}

// valueSchema returns the schema of a value of the type, whose field has this tag.
func valueSchema(t reflect.Type, tag reflect.StructTag) schema {
	b := boundsOf(tag)
	s := schema{Above: b.above, Minimum: b.min, Maximum: b.max, Enum: strings.Fields(tag.Get("oneof"))}
	switch t.Kind() {
	case reflect.Pointer:
		return valueSchema(t.Elem(), tag)
	case reflect.Bool:
		s.Type = "boolean"
	case reflect.Int:
		s.Type = "integer"
	case reflect.Uint64:
		s.Type, s.Minimum = "integer", new(float64)
	case reflect.Float64:
		s.Type = "number"
	case reflect.String:
		s.Type = "string"
	case reflect.Struct:
		return objectSchema(t)
	case reflect.Slice:
		items := valueSchema(t.Elem(), "")
		list := schema{Type: "array", Items: &items}
		if b.min != nil {
			list.MinItems = int(*b.min)
		}
		return list
	}
	return s
}

// Describe returns a text that tells of every argument what it may be, its default and its
// meaning, in lines of at most so many characters.
func Describe(width int) string {
	var b strings.Builder
	describe(&b, reflect.TypeFor[Args](), "", width)
	return b.String()
}

func describe(b *strings.Builder, t reflect.Type, indent string, width int) {
	defaults := defaultOf(t)
	for i := range t.NumField() {
		field := t.Field(i)
		head := field.Tag.Get("json") + ": " + describeValue(field)
		if field.Tag.Get("required") == "" {
			head += "; default " + string(defaultJSON(field, defaults.Field(i)))
		}
		wrap(b, head, indent, indent+"        ", width)
		wrap(b, field.Tag.Get("help"), indent+"    ", indent+"    ", width)
		if field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct {
			describe(b, field.Type.Elem(), indent+"    ", width)
		}
	}
}

// describeValue says what the value of a field may be.
func describeValue(field reflect.StructField) string {
	what := typeName(field.Type)
	switch limits := boundsOf(field.Tag).String(); {
	case field.Tag.Get("oneof") != "":
		what = strings.Join(strings.Fields(field.Tag.Get("oneof")), ", ")
	case limits != "" && field.Type.Kind() != reflect.Slice:
		what += " " + limits
	}
	if isNullable(field) {
		what += ", or null"
	}
	return what
}

// wrap writes a paragraph in lines of at most so many characters.
func wrap(b *strings.Builder, text, first, rest string, width int) {
	line := first
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case len(line)+1+len(word) > width:
			fmt.Fprintln(b, line)
			line = rest + word
		default:
			line += " " + word
		}
	}
	fmt.Fprintln(b, line)
}
