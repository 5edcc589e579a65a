// Package query reads the parameters of a query as FastAPI does.
package query

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tagifai/internal/jsonbody"
)

// Values returns the values of a parameter of the query, in order. It takes
// everything, as Python does: an escape that is none stands for itself, and a
// semicolon separates nothing.
func Values(r *http.Request, name string) []string {
	if r.URL.RawQuery == "" {
		return nil
	}
	var values []string
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if unescape(key) == name {
			values = append(values, unescape(value))
		}
	}
	return values
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// Enum returns the values of a parameter that takes some of those permitted,
// separated by commas or one each time it occurs, and what is wrong with them. One
// that is empty asks for nothing.
func Enum(r *http.Request, name string, permitted []string) (values []string, wrong []jsonbody.Item) {
	for _, list := range Values(r, name) {
		if list != "" {
			values = slices.AppendSeq(values, strings.SplitSeq(list, ","))
		}
	}
	if !slices.ContainsFunc(values, func(value string) bool { return !slices.Contains(permitted, value) }) {
		return values, nil
	}
	return nil, []jsonbody.Item{{
		Loc:  []any{"query", name},
		Msg:  "value is not a valid enumeration member; permitted: '" + strings.Join(permitted, "', '") + "'",
		Type: "type_error.enum",
		Ctx:  enumCtx{permitted},
	}}
}

type enumCtx struct {
	EnumValues []string `json:"enum_values"`
}

// Number reads a number between least and most, and returns what is wrong with it.
func Number(name, value string, least, most int) (int, []jsonbody.Item) {
	n, err := strconv.Atoi(value)
	item := jsonbody.Item{Loc: []any{"query", name}}
	switch {
	case err != nil:
		item.Msg, item.Type = "value is not a valid integer", "type_error.integer"
	case n < least:
		item.Msg, item.Type = fmt.Sprintf("ensure this value is greater than or equal to %d", least), "value_error.number.not_ge"
		item.Ctx = LimitCtx{least}
	case n > most:
		item.Msg, item.Type = fmt.Sprintf("ensure this value is less than or equal to %d", most), "value_error.number.not_le"
		item.Ctx = LimitCtx{most}
	default:
		return n, nil
	}
	return 0, []jsonbody.Item{item}
}

// LimitCtx is the context of an item about a limit.
type LimitCtx struct {
	LimitValue int `json:"limit_value"`
}

// Before adds what is wrong with a query to err, the error of the body: before
// it, as FastAPI orders them. A body that could not be looked into stays the only
// error.
func Before(query []jsonbody.Item, err error) error {
	if len(query) == 0 {
		return err
	}
	if err == nil {
		return &jsonbody.InvalidError{Items: query}
	}
	if body, ok := errors.AsType[*jsonbody.InvalidError](err); ok && !body.Syntax {
		return &jsonbody.InvalidError{Items: append(query, body.Items...)}
	}
	return err
}
