package server

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tagifai/internal/jsonbody"
)

// queryValues returns the values of a parameter of the query, in order. It takes
// everything, as Python does: an escape that is none stands for itself, and a
// semicolon separates nothing.
func queryValues(r *http.Request, name string) []string {
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

// queryEnum returns the values of a parameter that takes some of those permitted,
// separated by commas or one each time it occurs, and what is wrong with them. One
// that is empty asks for nothing.
func queryEnum(r *http.Request, name string, permitted []string) (values []string, wrong []jsonbody.Item) {
	for _, list := range queryValues(r, name) {
		if list != "" {
			values = append(values, strings.Split(list, ",")...)
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

// queryFirst adds what is wrong with a query to err, the error of the body: before
// it, as FastAPI orders them. A body that could not be looked into stays the only
// error.
func queryFirst(query []jsonbody.Item, err error) error {
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
