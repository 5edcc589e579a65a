package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/server"
)

// Where Python's json module reports each document as wrong: the character, and
// its line and column.
func TestSyntaxErrorPosition(t *testing.T) {
	tests := []struct {
		doc               string
		pos, line, column int
	}{
		{``, 0, 1, 1},
		{` `, 1, 1, 2},
		{"\n\n", 2, 3, 1},
		{`{`, 1, 1, 2},
		{`[`, 1, 1, 2},
		{`"`, 0, 1, 1},
		{`-`, 0, 1, 1},
		{`+1`, 0, 1, 1},
		{`.5`, 0, 1, 1},
		{`hello`, 0, 1, 1},
		{`nul`, 0, 1, 1},
		{`True`, 0, 1, 1},
		{`None`, 0, 1, 1},
		{`NaN1`, 3, 1, 4},
		{`Inf`, 0, 1, 1},
		{`-Inf`, 0, 1, 1},
		{`nan`, 0, 1, 1},
		{`{"a"`, 4, 1, 5},
		{`{"a":`, 5, 1, 6},
		{`{"a":1`, 6, 1, 7},
		{`{"a":1,`, 7, 1, 8},
		{`{"a":1,}`, 7, 1, 8},
		{`{,}`, 1, 1, 2},
		{`{"a" 1}`, 5, 1, 6},
		{`{"a":1 "b":2}`, 7, 1, 8},
		{`{a:1}`, 1, 1, 2},
		{`{'a':1}`, 1, 1, 2},
		{`{1:2}`, 1, 1, 2},
		{`{"a":}`, 5, 1, 6},
		{`{"a"::1}`, 5, 1, 6},
		{`[1`, 2, 1, 3},
		{`[1,`, 3, 1, 4},
		{`[1,]`, 3, 1, 4},
		{`[,]`, 1, 1, 2},
		{`[1 2]`, 3, 1, 4},
		{`[1}`, 2, 1, 3},
		{`{"a":1]`, 6, 1, 7},
		{`[1,,2]`, 3, 1, 4},
		{`[01]`, 2, 1, 3},
		{`[1.]`, 2, 1, 3},
		{`[1.e5]`, 2, 1, 3},
		{`[.5]`, 1, 1, 2},
		{`[-]`, 1, 1, 2},
		{`[-a]`, 1, 1, 2},
		{`[1e]`, 2, 1, 3},
		{`[1e+]`, 2, 1, 3},
		{`[0x1]`, 2, 1, 3},
		{`[1_000]`, 2, 1, 3},
		{`[--1]`, 1, 1, 2},
		{`01`, 1, 1, 2},
		{`1.`, 1, 1, 2},
		{`1e`, 1, 1, 2},
		{`-01`, 2, 1, 3},
		{`1 2`, 2, 1, 3},
		{`{} {}`, 3, 1, 4},
		{`[] x`, 3, 1, 4},
		{`null null`, 5, 1, 6},
		{`truefalse`, 4, 1, 5},
		{`"a" "b"`, 4, 1, 5},
		{"{}\n\n}", 4, 3, 1},
		{`"abc`, 0, 1, 1},
		{"\"a\nb\"", 2, 1, 3},
		{"\"a\tb\"", 2, 1, 3},
		{"\"\u0000\"", 1, 1, 2},
		{"\"\u001f", 1, 1, 2},
		{`"\`, 0, 1, 1},
		{`"\"`, 0, 1, 1},
		{`"\x41"`, 1, 1, 2},
		{`"\a"`, 1, 1, 2},
		{`"\'"`, 1, 1, 2},
		{`"\u"`, 2, 1, 3},
		{`"\u12"`, 2, 1, 3},
		{`"\u12g4"`, 2, 1, 3},
		{`"\u1234`, 2, 1, 3},
		{`"\uD83D\u"`, 8, 1, 9},
		{`"\ud83d\uZZZZ"`, 8, 1, 9},
		{`"\ud83d\ude0`, 8, 1, 9},
		{`"\U0001"`, 1, 1, 2},
		{`{"é":😀}`, 5, 1, 6},
		{`"é😀\q"`, 3, 1, 4},
		{"{\"texts\":\n[{\"text\":\"é😀\",}]}", 24, 2, 15},
		{"[\r\n1,\r\n]", 7, 3, 1},
		{"[\"\u2028\",\n\n  x]", 9, 3, 3},
		{`{"texts":[{"text":"a"}`, 22, 1, 23},
		{"\ufeff\ufeff{}", 0, 1, 1},
		{`// c`, 0, 1, 1},
		{`/* */{}`, 0, 1, 1},
		{`{"a":1}//`, 7, 1, 8},
		{"\u000b1", 0, 1, 1},
		{"\u00a01", 0, 1, 1},
		{"[1,\u000c2]", 3, 1, 4},
		{`{"a":1,"b"}`, 10, 1, 11},
		{`{"a":tru}`, 5, 1, 6},
		{`[nulL]`, 1, 1, 2},
		{`[NaN,Inf]`, 5, 1, 6},
	}
	for _, test := range tests {
		t.Run(test.doc, func(t *testing.T) {
			_, err := server.Decode([]byte(test.doc))
			items := server.Items(err)
			if len(items) != 1 || items[0].Type != "value_error.jsondecode" {
				t.Fatalf("got %v, %+v", err, items)
			}
			want := fmt.Sprintf(": line %d column %d (char %d)", test.line, test.column, test.pos)
			if !strings.HasSuffix(items[0].Msg, want) {
				t.Errorf("got %q, want it to end in %q", items[0].Msg, want)
			}
			if diff := cmp.Diff(items[0].Loc, []any{"body", test.pos}); diff != "" {
				t.Error(diff)
			}
		})
	}
}
