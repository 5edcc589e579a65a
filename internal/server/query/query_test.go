package query_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/jsonbody"
	"tagifai/internal/server/query"
)

func TestValues(t *testing.T) {
	tests := []struct {
		query string
		want  []string
	}{
		{"", nil},
		{"a=1", []string{"1"}},
		{"a=1&b=2&a=3", []string{"1", "3"}},
		{"a", []string{""}},
		{"%61=b%20c+d", []string{"b c d"}},
		{"a=%zz", []string{"%zz"}}, // an escape that is none
		{"a=1;a=2", []string{"1;a=2"}},
	}
	for _, test := range tests {
		got := query.Values(httptest.NewRequest(http.MethodGet, "/?"+test.query, nil), "a")
		if diff := cmp.Diff(got, test.want); diff != "" {
			t.Errorf("%q: %s", test.query, diff)
		}
	}
}

func TestEnum(t *testing.T) {
	tests := []struct {
		query string
		want  []string
		wrong string
	}{
		{"", nil, ""},
		{"a=", nil, ""}, // asks for nothing
		{"a=x,y", []string{"x", "y"}, ""},
		{"a=x&a=y,x", []string{"x", "y", "x"}, ""},
		{"a=x,", nil, "value is not a valid enumeration member; permitted: 'x', 'y'"},
		{"a=z", nil, "value is not a valid enumeration member; permitted: 'x', 'y'"},
	}
	for _, test := range tests {
		got, wrong := query.Enum(httptest.NewRequest(http.MethodGet, "/?"+test.query, nil), "a", []string{"x", "y"})
		if diff := cmp.Diff(got, test.want); diff != "" {
			t.Errorf("%q: %s", test.query, diff)
		}
		if diff := cmp.Diff(message(wrong), test.wrong); diff != "" {
			t.Errorf("%q: %s", test.query, diff)
		}
	}
}

func TestNumber(t *testing.T) {
	tests := []struct {
		value string
		want  int
		wrong string
	}{
		{"1", 1, ""},
		{"10", 10, ""},
		{"0", 0, "ensure this value is greater than or equal to 1"},
		{"11", 0, "ensure this value is less than or equal to 10"},
		{"x", 0, "value is not a valid integer"},
		{"", 0, "value is not a valid integer"},
	}
	for _, test := range tests {
		got, wrong := query.Number("a", test.value, 1, 10)
		if got != test.want || message(wrong) != test.wrong {
			t.Errorf("%q: got %d, %q, want %d, %q", test.value, got, message(wrong), test.want, test.wrong)
		}
	}
}

// message returns what is wrong, "" for nothing.
func message(wrong []jsonbody.Item) string {
	if len(wrong) == 0 {
		return ""
	}
	return wrong[0].Msg
}

// What is wrong with the query comes before what is wrong with the body, unless that could
// not be looked into.
func TestBefore(t *testing.T) {
	items := []jsonbody.Item{{Msg: "query"}}
	other := errors.New("other")
	tests := []struct {
		name  string
		query []jsonbody.Item
		body  error
		want  []string // nil for the error of the body
	}{
		{"neither", nil, nil, nil},
		{"the body", nil, other, nil},
		{"the query", items, nil, []string{"query"}},
		{"both", items, &jsonbody.InvalidError{Items: []jsonbody.Item{{Msg: "body"}}}, []string{"query", "body"}},
		{"no JSON", items, &jsonbody.InvalidError{Items: []jsonbody.Item{{Msg: "body"}}, Syntax: true}, nil},
		{"no body", items, other, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := query.Before(test.query, test.body)
			if test.want == nil {
				if !errors.Is(err, test.body) {
					t.Errorf("got %v, want %v", err, test.body)
				}
				return
			}
			invalid, ok := errors.AsType[*jsonbody.InvalidError](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			var got []string
			for _, item := range invalid.Items {
				got = append(got, item.Msg)
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}
