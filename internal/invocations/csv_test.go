package invocations_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/invocations"
)

// The texts of a table are those of its one column of text, or of the named column.
func TestCSV(t *testing.T) {
	tests := []struct {
		name, column, body string
		want               []string
	}{
		{"one column", "", "text\na\nb\nc\n", []string{"a", "b", "c"}},
		{"no end of line", "", "text\na\nb", []string{"a", "b"}},
		{"CRLF", "", "text\r\na\r\nb\r\n", []string{"a", "b"}},
		{"byte order mark", "text", "\ufefftext,n\na,1\n", []string{"a"}},
		{"quotes", "", "\"text\"\n\"a, b\"\n\"\"\"c\"\"\"\n\"d\ne\"\n", []string{"a, b", `"c"`, "d\ne"}},
		{"an index", "", ",text\n0,a\n1,b\n", []string{"a", "b"}},
		{"beside numbers and missing values", "", "n,text,x\n1.5,a,\n,b,y\n-2e3,c,NaN\n", []string{"a", "b", "c"}},
		{"the named column", "text", "id,text\nx,a\ny,b\n", []string{"a", "b"}},
		{"numbers in the one column", "", "text\n1\n2\n", []string{"1", "2"}},
		{"numbers in the named column", "text", "n,text\n1,2\n", []string{"2"}},
		{"spaces", "", "text\n a \n", []string{" a "}},
		{"a missing value", "", "text\na\n\"\"\n", []string{"a", ""}},
		{"an empty line, which pandas skips as well", "", "text\na\n\nb\n", []string{"a", "b"}},
		{"no rows", "", "a,b\n", nil},
		{"as many columns as there may be", "text", strings.Repeat(",", 9999) + "text\n" + strings.Repeat(",", 9999) + "a\n" + strings.Repeat(",", 9999) + "b\n", []string{"a", "b"}},
		{"many commas in a text", "", "text\n\"" + strings.Repeat(",", 10_000) + "\"\n", []string{strings.Repeat(",", 10_000)}},
		{"Unicode", "", "text\nümläut 🙂\n", []string{"ümläut 🙂"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parse(invocations.CSV, []byte(test.body), test.column)
			if diff := cmp.Diff(got.texts, test.want); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

// What is wrong with a table is said, and in which line.
func TestCSVErrors(t *testing.T) {
	tests := []struct{ name, column, body, want string }{
		{"nothing", "", "", "the body has no line with the names of the columns"},
		{"empty lines", "", "\n\n", "the body has no line with the names of the columns"},
		{"no UTF-8", "", "text\n\xff\n", "the body is not UTF-8"},
		{"without the named column", "text", "a\nx\n", `line 1: has no column "text"`},
		{"two columns of text", "", "a,b\nx,y\n", `the columns "a" and "b" have text: send one of them, or name it with the setting mlflow-column of the service`},
		{"no column of text", "", "a,b\n1,\n", "line 2: has no text"},
		{"a field too many", "", "text\na\nb,c\n", "line 3: wrong number of fields"},
		{"a field too few", "", "n,text\n1,a\n2\n", "line 3: wrong number of fields"},
		{"too many columns", "", "text" + strings.Repeat(",", 10_000) + "\na\n", "line 1: has more than 10000 columns"},
		{"too many fields", "", "text\n\"\n\"\na" + strings.Repeat(",", 10_000), "line 4: has more than 10000 columns"},
		{"a quote in a field", "", "text\na \"b\" c\n", `line 2: bare " in non-quoted-field`},
		{"an open quote", "", "text\n\"a\n", `line 2: extraneous or missing " in quoted-field`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse(invocations.CSV, []byte(test.body), test.column)
			if err == nil {
				t.Fatal("it is read")
			}
			if diff := cmp.Diff(err.Error(), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}
