package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tagifai/internal/database"
)

// A setting is one field of a struct of settings.
type setting struct {
	name, initial, help string
	min, max            int64    // of a number, or of a duration
	oneOf               []string // of text; nil is any

	value  reflect.Value // the field
	text   string        // what it was set from, unless it is a list
	items  []string      // what a list was set from
	origin string        // where it was set: default, file:line, environment NAME or flag --name
}

// settingsOf returns the settings of a struct and of those embedded in it, and gives
// them their defaults. It panics if they are declared wrongly.
func settingsOf(settings any) []*setting {
	return appendSettings(nil, reflect.ValueOf(settings).Elem())
}

func appendSettings(all []*setting, v reflect.Value) []*setting {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			all = appendSettings(all, v.Field(i))
			continue
		}
		tag := field.Tag
		s := &setting{name: tag.Get("name"), initial: tag.Get("initial"), help: tag.Get("help"), value: v.Field(i)}
		if s.value.CanInt() {
			size := s.value.Type().Bits()
			s.min = s.bound(tag.Get("min"), -1<<(size-1))
			s.max = s.bound(tag.Get("max"), 1<<(size-1)-1)
		}
		if names := tag.Get("oneof"); names != "" {
			s.oneOf = strings.Split(names, ",")
		}
		if err := s.set(s.initial, "default"); err != nil {
			panic(err)
		}
		all = append(all, s)
	}
	return all
}

// bound reads one of min and max.
func (s *setting) bound(tag string, none int64) int64 {
	if tag == "" {
		return none
	}
	n, err := s.parseNumber(tag)
	if err != nil {
		panic(fmt.Errorf("%s: %q %w", s.name, tag, err))
	}
	return n
}

func (s *setting) isDuration() bool { return s.value.Type() == reflect.TypeFor[time.Duration]() }
func (s *setting) isSecret() bool   { return s.value.Type() == reflect.TypeFor[DatabaseAddress]() }
func (s *setting) isList() bool     { return s.value.Kind() == reflect.Slice }

// isText reports whether the setting is a text that is not one of a few words.
func (s *setting) isText() bool { return s.value.Kind() == reflect.String && s.oneOf == nil }

// set gives the setting the value that text stands for. Commas separate the items of a
// list.
func (s *setting) set(text, origin string) error {
	if s.isList() {
		var items []string
		if text != "" {
			items = strings.Split(text, ",")
		}
		for i, item := range items {
			items[i] = strings.TrimSpace(item)
		}
		return s.setList(items, origin)
	}
	if !utf8.ValidString(text) {
		return s.refuse(text, origin, "is not UTF-8; write it in UTF-8")
	}
	switch s.value.Kind() {
	case reflect.String:
		if s.oneOf != nil && !slices.Contains(s.oneOf, text) {
			return s.refuse(text, origin, "is none of its values; give "+alternatives(s.oneOf))
		}
		if err := setText(s.value, text); err != nil {
			return s.refuse(text, origin, err.Error())
		}
	case reflect.Bool:
		if text != "true" && text != "false" {
			return s.refuse(text, origin, "is neither true nor false; give one of them")
		}
		s.value.SetBool(text == "true")
	case reflect.Int, reflect.Int64:
		n, err := s.parseNumber(text)
		switch {
		case err != nil:
			return s.refuse(text, origin, err.Error())
		case n < s.min:
			return s.refuse(text, origin, s.tooSmall())
		case n > s.max:
			return s.refuse(text, origin, s.tooLarge())
		}
		s.value.SetInt(n)
	default:
		panic(s.name + ": no setting can be a " + s.value.Type().String())
	}
	s.text, s.origin = text, origin
	return nil
}

func (s *setting) setList(items []string, origin string) error {
	list := reflect.Zero(s.value.Type()) // nil without items: one form for equal settings
	for _, item := range items {
		if !utf8.ValidString(item) {
			return s.refuse(item, origin, "is not UTF-8; write it in UTF-8")
		}
		value := reflect.New(s.value.Type().Elem()).Elem()
		if err := setText(value, item); err != nil {
			return s.refuse(item, origin, err.Error())
		}
		list = reflect.Append(list, value)
	}
	s.value.Set(list)
	s.items, s.origin = items, origin
	return nil
}

// setText gives a field, or an item of a list, the value that text stands for.
func setText(v reflect.Value, text string) error {
	if parser, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return parser.UnmarshalText([]byte(text))
	}
	v.SetString(text)
	return nil
}

// parseNumber reads a whole number, or a duration in nanoseconds. It accepts plain digits
// only, as 0777 and 1_000 mean different things in different languages.
func (s *setting) parseNumber(text string) (int64, error) {
	if s.isDuration() {
		d, err := time.ParseDuration(text)
		if _, numberErr := strconv.ParseFloat(text, 64); err != nil && numberErr == nil {
			return 0, errors.New("has no unit; give a duration such as 500ms, 30s or 5m")
		}
		if err != nil {
			return 0, errors.New("is not a duration; give one such as 500ms, 30s or 5m")
		}
		return int64(d), nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) && text[0] == '-':
		return 0, errors.New(s.tooSmall())
	case errors.Is(err, strconv.ErrRange):
		return 0, errors.New(s.tooLarge())
	case err != nil || strconv.FormatInt(n, 10) != text:
		return 0, errors.New("is not a whole number in plain digits; give one of at least " + s.written(s.min))
	}
	return n, nil
}

func (s *setting) tooSmall() string { return "is too small; give at least " + s.written(s.min) }
func (s *setting) tooLarge() string { return "is too large; give at most " + s.written(s.max) }

func (s *setting) written(n int64) string {
	if s.isDuration() {
		return time.Duration(n).String()
	}
	return strconv.FormatInt(n, 10)
}

// refuse returns an error about the value that was given.
func (s *setting) refuse(text, origin, problem string) error {
	if s.isSecret() {
		text = database.Redact(text)
	}
	return errorf("%s: %.100q (%s) %s", s.name, withoutPassword(text), origin, problem)
}

// withoutPassword returns text without what may be a name and a password in a URL.
func withoutPassword(text string) string {
	scheme, rest, isURL := strings.Cut(text, "://")
	if at := strings.LastIndexByte(rest, '@'); isURL && at >= 0 {
		return scheme + "://…" + rest[at:]
	}
	return text
}

// yaml returns the value as it is written in a file.
func (s *setting) yaml() string {
	switch {
	case s.isList():
		quoted := make([]string, len(s.items))
		for i, item := range s.items {
			quoted[i] = strconv.Quote(item)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	case s.isSecret():
		return strconv.Quote(database.Redact(s.text))
	case s.isText():
		return strconv.Quote(s.text)
	}
	return s.text
}

func alternatives(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
