package explain_test

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"

	"tagifai/internal/explain"
	"tagifai/model"
)

// explained explains texts that are hard to show by the default model.
func explained(t *testing.T, text string) explain.Explained {
	t.Helper()
	m, err := model.Default()
	if err != nil {
		t.Fatal(err)
	}
	return explain.Explain(m, text, []int{0, 1}, 3)
}

var texts = []struct{ name, text string }{
	{"plain", "Object detection with YOLO"},
	{"no ASCII", "İstanbul, ΣΑΣ, 深度学习 and 😀"},
	{"markup", `<script>alert("x")</script> & <b>transformers</b>`},
	{"empty", ""},
	{"what is no UTF-8", "deep \xff learning"},
}

// A page shows the text whole, whatever is in it, and runs nothing.
func TestHTML(t *testing.T) {
	text := regexp.MustCompile(`(?s)<p class="text">(.*?)</p>`)
	tag := regexp.MustCompile(`</?span[^>]*>`)
	for _, test := range texts {
		t.Run(test.name, func(t *testing.T) {
			var page bytes.Buffer
			if err := explain.WritePageStart(&page); err != nil {
				t.Fatal(err)
			}
			x := explained(t, test.text)
			if err := x.WriteHTML(&page); err != nil {
				t.Fatal(err)
			}
			if err := explain.WritePageEnd(&page); err != nil {
				t.Fatal(err)
			}
			shown := text.FindAllStringSubmatch(page.String(), -1)
			if len(shown) != len(x.Explanations) {
				t.Fatalf("the text is shown %d times, want %d:\n%s", len(shown), len(x.Explanations), page.String())
			}
			for _, s := range shown {
				if got := html.UnescapeString(tag.ReplaceAllString(s[1], "")); got != test.text {
					t.Errorf("the page shows %q, want %q", got, test.text)
				}
			}
			for _, banned := range []string{"<script", "http:", "https:", "ZgotmplZ"} {
				if strings.Contains(page.String(), banned) {
					t.Errorf("the page has %s:\n%s", banned, page.String())
				}
			}
		})
	}
}

// On a terminal the text is tinted, and nothing in it gets through to the terminal that
// could do something there.
func TestText(t *testing.T) {
	escape := regexp.MustCompile("\x1b\\[(30;48;5;\\d+|0)m")
	for _, test := range append(texts, struct{ name, text string }{"escape sequences", "a\x1b[2J deep\r learning\u202e"}) {
		t.Run(test.name, func(t *testing.T) {
			x := explained(t, test.text)
			plain := string(x.AppendText(nil, false))
			if strings.Contains(plain, "\x1b") {
				t.Errorf("an escape sequence without colour: %q", plain)
			}
			if !strings.HasPrefix(plain, x.Tag) || strings.Count(plain, ": score ") != len(x.Explanations) {
				t.Errorf("got %q, want the tag %s and %d explanations", plain, x.Tag, len(x.Explanations))
			}
			tinted := string(x.AppendText(nil, true))
			if left := escape.ReplaceAllString(tinted, ""); strings.ContainsAny(left, "\x1b\r\u202e") {
				t.Errorf("what the text has of escapes gets through: %q", tinted)
			}
			if test.name == "plain" && !strings.Contains(tinted, "\x1b[30;48;5;") {
				t.Errorf("no colour in %q", tinted)
			}
		})
	}
}
