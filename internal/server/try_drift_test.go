//go:build !race

package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tagifai/model"
)

const driftVerdict = `document.querySelector('.drift .badge')?.textContent`

// The view of the models says how far the texts are from the baseline, on each kind of
// screen: nothing yet, too few texts, then other texts than in training.
func TestTryDriftInBrowser(t *testing.T) {
	t.Parallel()
	axe := readAxe(t)
	for _, window := range windows {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(window.name+", "+scheme, func(t *testing.T) {
				s := start(t, settings())
				b := browse(t, s.url+"/try#models", window.size, prefers(scheme))
				look := func(verdict string) {
					t.Helper()
					b.do(t, chromedp.Click(chromedp.CSS("#refresh")))
					b.wait(t, driftVerdict+` === '`+verdict+`'`)
					b.do(t, chromedp.Click(chromedp.CSS(".drift summary")))
					b.do(t, chromedp.ScrollIntoView(chromedp.CSS(".drift")))
					b.checkFits(t)
					b.screenshot(t, verdict)
					b.checkAccessible(t, axe)
				}
				b.wait(t, driftVerdict+` === 'no texts'`)
				look("no texts")
				s.ask(t, http.MethodPost, "/predict", jsonBody, `{"texts":[{"text":"`+someText+`"}]}`)
				look("too few texts")
				s.ask(t, http.MethodPost, "/predict", jsonBody, `{"texts":[`+strings.Join(slices.Repeat([]string{`{"text":"Simmer the lentils with garlic and cumin"}`}, 200), ",")+`]}`)
				look("drifted")
				if heads := evaluate[string](t, b, `[...document.querySelectorAll('.drift table')].map((table) => table.querySelector('th').textContent).join()`); heads != "Baseline,Tag,Highest probability,Unknown n-grams,Characters" {
					t.Errorf("the tables are about %s", heads)
				}
				if row := evaluate[string](t, b, `[...document.querySelectorAll('.drift tr')].find((tr) => tr.textContent.startsWith('other')).textContent`); row != "other13.1 %99.5 %99.5 %" {
					t.Errorf("a row is %q", row)
				}
				b.checkQuiet(t, s.Addr())
			})
		}
	}
}

// Without a baseline the view says why there is nothing to see.
func TestTryNoBaselineInBrowser(t *testing.T) {
	t.Parallel()
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	a.Baseline = model.Object{}
	m, err := model.New(a)
	if err != nil {
		t.Fatal(err)
	}
	s := startLoading(t, newLoader(m).load, settings())
	b := browse(t, s.url+"/try#models")
	b.wait(t, driftVerdict+` === 'not known'`)
	b.do(t, chromedp.Click(chromedp.CSS(".drift summary")))
	if said := evaluate[string](t, b, `document.querySelector('.drift .note').textContent`); !strings.Contains(said, "tagifai baseline makes one") {
		t.Errorf("it says %q", said)
	}
	b.screenshot(t, "not known")
	b.checkAccessible(t, readAxe(t))
}
