package explain

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"sync"
	"unicode/utf8"
)

//go:embed page.html
var source string

// page is made by the first who wants it: the service never does.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"number": func(x float64) string { return fmt.Sprintf("%+.4f", x) },
		"name":   func(x Explained, class int) string { return x.Classes[class] },
		"quoted": func(ngram string) string { return "“" + ngram + "”" },
		"reason": Explained.reason,
		"tinted": tinted,
	}).Parse(source))
})

// A shade is a piece of text and the style of its background.
type shade struct {
	Text  string
	Style template.CSS
	Title string
}

func tinted(x Explained, class int) []shade {
	e := &x.Explanations[class]
	list := pieces(x.Text, e.Spans)
	strongest := strongest(list)
	shades := make([]shade, len(list))
	for i, p := range list {
		shades[i].Text = p.text
		if p.weight == 0 {
			continue
		}
		colour := "30,110,230"
		if p.weight < 0 {
			colour = "220,60,40"
		}
		shades[i].Style = template.CSS(fmt.Sprintf("background:rgba(%s,%.2f)", colour, 0.75*math.Abs(p.weight)/strongest)) //nolint:gosec // numbers and constants
		shades[i].Title = fmt.Sprintf("%+.4f", p.weight*float64(utf8.RuneCountInString(p.text)))
	}
	return shades
}

// WritePageStart writes what comes before the explanations on a page.
func WritePageStart(w io.Writer) error { return page().ExecuteTemplate(w, "start", nil) }

// WriteHTML writes an explanation as a part of a page.
func (x Explained) WriteHTML(w io.Writer) error { return page().ExecuteTemplate(w, "explained", x) }

// WritePageEnd writes what comes behind the explanations on a page.
func WritePageEnd(w io.Writer) error { return page().ExecuteTemplate(w, "end", nil) }
