package tfidf

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"
)

// A codePoints is a set of code points, as ranges with both ends.
type codePoints [][2]rune

func (s codePoints) has(r rune) bool {
	return slices.ContainsFunc(s, func(of [2]rune) bool { return of[0] <= r && r <= of[1] })
}

// pythonText is what Python says of every code point; see ../testdata/generate.py.
type pythonText struct {
	Lower      map[string]string
	Space      []rune
	Word       codePoints
	Assigned   codePoints
	FinalSigma struct {
		Last      codePoints `json:"aΣc"`
		Inside    codePoints `json:"aΣca"`
		First     codePoints `json:"cΣ"`
		FirstOfAC codePoints `json:"acΣ"`
	} `json:"final_sigma"`
}

func readPythonText(t *testing.T) *pythonText {
	t.Helper()
	data, err := os.ReadFile("testdata/python_text.json")
	if err != nil {
		t.Fatal(err)
	}
	var facts pythonText
	if err := json.Unmarshal(data, &facts); err != nil {
		t.Fatal(err)
	}
	if len(facts.Assigned) == 0 {
		t.Fatal("python_text.json is empty")
	}
	return &facts
}

// TestPythonText holds lower-casing, white space and \w against Python's for every
// code point that is assigned in its version of Unicode; Go's may be newer.
func TestPythonText(t *testing.T) {
	facts := readPythonText(t)
	lower := func(text string) string { return string(appendLower(nil, text)) }
	sigma := func(final bool) string {
		if final {
			return "ς"
		}
		return "σ"
	}
	checked, wrong := 0, 0
	check := func(what string, r rune, got, want any) {
		if got != want {
			wrong++
			if wrong <= 20 {
				t.Errorf("%s of U+%04X: got %v, want %v", what, r, got, want)
			}
		}
	}
	for _, of := range facts.Assigned {
		for r := of[0]; r <= of[1]; r++ {
			if !utf8.ValidRune(r) {
				continue
			}
			checked++
			c := string(r)
			want, ok := facts.Lower[fmt.Sprintf("%04X", r)]
			if !ok {
				want = c
			}
			low := want
			check("lower", r, lower(c), want)
			check("isSpace", r, isSpace(r), slices.Contains(facts.Space, r))
			check("isWord", r, isWord(r), facts.Word.has(r))
			if r == capitalSigma {
				continue // its own lower case depends on its neighbours, too
			}
			f := &facts.FinalSigma
			check("aΣc", r, lower("aΣ"+c), "a"+sigma(f.Last.has(r))+low)
			check("aΣca", r, lower("aΣ"+c+"a"), "a"+sigma(f.Inside.has(r))+low+"a")
			check("cΣ", r, lower(c+"Σ"), low+sigma(f.First.has(r)))
			check("acΣ", r, lower("a"+c+"Σ"), "a"+low+sigma(f.FirstOfAC.has(r)))
		}
	}
	if wrong > 20 {
		t.Errorf("and %d more", wrong-20)
	}
	t.Logf("%d code points checked", checked)
}

// TestClean holds the cleaning against the course's function.
func TestClean(t *testing.T) {
	data, err := os.ReadFile("testdata/cleaning.json")
	if err != nil {
		t.Fatal(err)
	}
	var fixture struct {
		StopWords []string
		Cases     []struct{ Text, Lower, Cased string }
	}
	if err := json.Unmarshal(data, &fixture); err != nil {
		t.Fatal(err)
	}
	if len(fixture.Cases) == 0 {
		t.Fatal("cleaning.json has no cases")
	}
	for i, c := range fixture.Cases {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			if got := string(appendClean(nil, appendLower(nil, c.Text), false)); got != c.Lower {
				t.Errorf("%q in lower case: got %q, want %q", c.Text, got, c.Lower)
			}
			if got := string(appendClean(nil, []byte(c.Text), false)); got != c.Cased {
				t.Errorf("%q: got %q, want %q", c.Text, got, c.Cased)
			}
		})
	}
}

func TestCleanStems(t *testing.T) {
	got := string(appendClean(nil, []byte("the networks, classifying running Images"), true))
	if want := "network classifi run imag"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
