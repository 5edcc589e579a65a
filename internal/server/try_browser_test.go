//go:build !race

package server_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/logtest"
	"tagifai/internal/server"
	"tagifai/internal/store"
	"tagifai/model"
	"tagifai/model/linear"
)

// startTry serves a store whose second version wants more than the first, and so answers
// other.
func startTry(t *testing.T, also func(*server.Options)) *shop {
	t.Helper()
	s := startStoreWith(t, nil, also)
	strict := filepath.Join(t.TempDir(), "strict")
	if err := artifactWith(t, `{"threshold": 0.999}`, nil).Write(strict, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Add(t.Context(), "tagger", strict, store.Origin{Source: "/runs/strict", By: "bob", Tool: "a test", Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
	moved := s.admin.ask(t, http.MethodPut, "/models/tagger/canary", jsonBody, `{"version": "2", "percent": 5}`)
	if moved.status != http.StatusOK {
		t.Fatal(moved.body)
	}
	return s
}

// prefers makes a page see that its reader prefers a colour scheme.
func prefers(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}

const (
	someText = "Transfer learning with transformers for text classification."
	answered = `document.querySelector('#panel-1 .tag strong')?.textContent`
)

// A person types, sees, switches versions, compares, drops a file and looks at the models,
// on each kind of screen.
func TestTryInBrowser(t *testing.T) {
	t.Parallel()
	axe := readAxe(t)
	for _, window := range windows {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(window.name+", "+scheme, func(t *testing.T) {
				s := startTry(t, func(*server.Options) {})
				b := browse(t, s.url+"/try", window.size, prefers(scheme))
				check := func(name string) {
					t.Helper()
					b.checkFits(t)
					b.screenshot(t, name)
					b.checkAccessible(t, axe)
				}
				b.wait(t, `document.querySelector('#choice-1 .version').options.length > 3`)
				check("empty")

				b.do(t, chromedp.SendKeys(chromedp.CSS("#text"), someText))
				b.wait(t, answered+` === 'natural-language-processing'`)
				if sure := evaluate[string](t, b, `document.querySelector('#panel-1 .limit').textContent`); !strings.Contains(sure, "Up to 10.0 % the answer is “other”.") {
					t.Errorf("the threshold is said as %q", sure)
				}
				if tinted := evaluate[string](t, b, `document.querySelector('#panel-1 .text').textContent`); tinted != someText {
					t.Errorf("the tinted text is %q", tinted)
				}
				b.wait(t, `document.querySelector('#announce').textContent.startsWith('natural-language-processing, ')`)
				b.do(t, chromedp.Click(chromedp.CSS("#panel-1 details summary")), chromedp.Click(chromedp.CSS("#curl summary")))
				check("typed")

				b.do(t, chromedp.Click(chromedp.CSS("#panel-1 .bars li:first-child button")))
				b.wait(t, `document.querySelector('#panel-1 h2').textContent.includes('computer-vision')`)
				b.do(t, chromedp.Click(chromedp.CSS("#panel-1 details summary")), chromedp.Click(chromedp.CSS("#curl summary")))

				b.choose(t, "#choice-1 .version", "versions/4")
				b.wait(t, answered+` === 'other'`)
				if bars := evaluate[int](t, b, `document.querySelectorAll('#panel-1 .bars li .tick:not([hidden])').length`); bars != 4 {
					t.Errorf("%d bars have a threshold, want 4", bars)
				}
				check("switched")
				b.choose(t, "#choice-1 .version", "versions/1")
				b.wait(t, answered+` === 'natural-language-processing'`)
				b.do(t, chromedp.Click(chromedp.CSS("#compare")))
				b.wait(t, `document.querySelector('#verdict').textContent === 'They differ: natural-language-processing and other.'`)
				check("compared")

				b.dropFile(t, "projects.csv", "id,title,description\r\n1,Drones,\"Object detection, with YOLO\"\r\n2,=cmd|' /C calc'!A0,\"Text \"\"classification\"\"\nwith transformers\"\r\n3,,\r\n")
				b.wait(t, `document.querySelector('#file-name').textContent === 'projects.csv: 3 rows, 3 columns'`)
				b.do(t, chromedp.Click(chromedp.CSS("#run")))
				b.wait(t, `document.querySelector('#many-status').textContent.includes('The two differ on')`)
				check("dropped")

				b.do(t, chromedp.Click(chromedp.CSS("nav a[href='#models']")))
				b.wait(t, `document.querySelectorAll('.model-card .below').length === 3 && document.querySelectorAll('.model-card time').length === 2`)
				b.do(t, chromedp.Click(chromedp.CSS(".model-card .below summary")))
				check("models")
				b.checkQuiet(t, s.Addr())
				for _, request := range b.requests {
					if strings.Contains(request, "ransf") || strings.Contains(request, "YOLO") {
						t.Errorf("the URL %s has a text in it", request)
					}
				}
				if strings.Contains(s.logs.String(), "ransformers") {
					t.Error("the log has a text in it")
				}
			})
		}
	}
}

// choose takes an option of a select, as a person does.
func (b *browser) choose(t *testing.T, selector, value string) {
	t.Helper()
	encoded, _ := json.Marshal([]string{selector, value})
	evaluate[bool](t, b, `(([selector, value]) => {
		const select = document.querySelector(selector);
		select.value = value;
		select.dispatchEvent(new Event('change'));
		return select.value === value;
	})(`+string(encoded)+`)`)
}

// dropFile drops a file onto the page.
func (b *browser) dropFile(t *testing.T, name, content string) {
	t.Helper()
	encoded, _ := json.Marshal([]string{name, content})
	evaluate[bool](t, b, `(([name, content]) => {
		const dataTransfer = new DataTransfer();
		dataTransfer.items.add(new File([content], name, { type: 'text/csv' }));
		document.querySelector('main').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
		return true;
	})(`+string(encoded)+`)`)
}

// readAxe returns the source of axe-core, or "" if it is not installed.
func readAxe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.FromSlash("../../.tools/npm/node_modules/axe-core/axe.min.js"))
	if err != nil {
		t.Log("axe-core is not installed, so accessibility is not checked: make test-pages installs it")
	}
	return string(source)
}

// checkAccessible fails for each violation that axe finds in the page.
func (b *browser) checkAccessible(t *testing.T, axe string) {
	t.Helper()
	if axe == "" {
		return
	}
	b.do(t, chromedp.Sleep(200*time.Millisecond)) // the bars have stopped moving
	evaluate[bool](t, b, `typeof window.axe === 'object' || (() => {`+axe+`; return true; })()`)
	evaluate[bool](t, b, `(() => {
		window.found = null;
		axe.run({ resultTypes: ['violations'] }).then(({ passes, violations }) => {
			window.found = { rules: passes.length, violations: violations.flatMap((v) => v.nodes.map((node) => v.id + ': ' + node.html.slice(0, 150) + ' ' + node.failureSummary)) };
		});
		return true;
	})()`)
	b.wait(t, `window.found !== null`)
	found := evaluate[struct {
		Rules      int      `json:"rules"`
		Violations []string `json:"violations"`
	}](t, b, `window.found`)
	for _, violation := range found.Violations {
		t.Errorf("axe: %s", violation)
	}
	t.Logf("axe: %d rules pass, %d violations", found.Rules, len(found.Violations))
}

// The page asks for a key, and forgets it when it is loaded again.
func TestTryWithKeyInBrowser(t *testing.T) {
	t.Parallel()
	keys := newKeyring(t, io.Discard, prometheus.NewRegistry())
	may := map[string]string{}
	for name, actions := range map[string]auth.Action{
		"everything": auth.Read | auth.Predict | auth.Explain, "no explanations": auth.Read | auth.Predict, "nothing but predictions": auth.Predict,
	} {
		may[name] = keys.key(t, strings.ReplaceAll(name, " ", "-"), actions, nil, time.Time{})
	}
	keys.reread()
	s := startServing(t, server.Options{Settings: settings(), Guard: keys.guard}, new(logtest.Log))
	b := browse(t, s.url+"/try")
	axe := readAxe(t)
	const asks = `!document.querySelector('#key-form').hidden`
	tests := []struct {
		name, key string
		want      string // an expression
	}{
		{"wrong", "tagifai_wrong", `document.querySelector('#key-why').textContent.startsWith('This key is not taken. ')`},
		{"everything", may["everything"], `document.querySelector('#panel-1 .explained .text')?.textContent === 'Drones'`},
		{"no explanations", may["no explanations"], `document.querySelector('#panel-1 .explained').textContent === 'Your key does not allow explanations.' && document.querySelectorAll('#panel-1 .bars li').length === 4`},
		{"nothing but predictions", may["nothing but predictions"], `document.querySelector('#registry-problem').textContent.includes('default') && document.querySelector('#panel-1 .limit').textContent.includes('not known')`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b.do(t, chromedp.Reload())
			b.wait(t, asks)
			b.screenshot(t, "asked")
			b.checkAccessible(t, axe)
			b.do(t, chromedp.SendKeys(chromedp.CSS("#key"), test.key+"\r"))
			b.wait(t, `document.querySelector('#key').value === ''`)
			b.fill(t, "Drones")
			b.wait(t, test.want)
			b.screenshot(t, "answered")
			if kept := evaluate[string](t, b, `JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])`); kept != `[{},{},"","`+s.url+`/try"]` {
				t.Errorf("the page has kept %s", kept)
			}
			if shown := evaluate[string](t, b, `document.documentElement.outerHTML`); strings.Contains(shown, test.key) {
				t.Error("the key is in the document")
			}
		})
	}
}

// Models may have no probabilities, hundreds of classes, or a threshold of another kind.
func TestTryUnusualModelsInBrowser(t *testing.T) {
	t.Parallel()
	many := func(w *linear.Weights) {
		rows := len(w.Classes)
		for i := range 75 * rows {
			w.Classes = append(w.Classes, "class-"+strings.Repeat("x", i/rows)+w.Classes[i%rows])
			w.Intercepts = append(w.Intercepts, w.Intercepts[i%rows])
		}
		one := slices.Clone(w.Coefficients)
		for range 75 {
			w.Coefficients = append(w.Coefficients, one...)
		}
	}
	tests := []struct {
		name   string
		args   string
		change func(*linear.Weights)
		want   string // an expression
	}{
		{"scores", `{"threshold": 0.5}`, func(w *linear.Weights) { w.Links = []linear.Link{{Loss: linear.NoLoss, Weight: 1}} },
			`/score [+−]\d/.test(document.querySelector('#panel-1 .tag').textContent) && document.querySelector('#panel-1 .limit').textContent.includes('scores, not probabilities')`},
		{"classes", `{}`, many, `document.querySelectorAll('#panel-1 .bars li').length >= 10 && document.querySelector('#panel-1 .result .link').textContent === 'Show all 304 classes'`},
		{"thresholds by class", `{"threshold": {"0": 0.3, "1": 0.3, "2": 0.2, "3": 0.1}}`, nil, `document.querySelector('#panel-1 .limit').textContent === 'Each class has its own threshold: computer-vision 30.0 %, mlops 30.0 %, natural-language-processing 20.0 %, other 10.0 %. Below it the answer is “other”.'`},
		{"a threshold on sigmoids", `{"threshold": 0.99, "threshold_on": "sigmoid"}`, nil, `document.querySelector('#panel-1 .limit').textContent.includes('Up to 99.0 % the answer is “other”.')`},
	}
	axe := readAxe(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := model.New(artifactWith(t, test.args, test.change))
			if err != nil {
				t.Fatal(err)
			}
			s := startLoading(t, newLoader(m).load, settings())
			b := browse(t, s.url+"/try", windows[1].size)
			b.fill(t, someText)
			b.wait(t, answered+` !== undefined && document.querySelector('#panel-1').getAttribute('aria-busy') === 'false'`)
			b.screenshot(t, "answered")
			b.wait(t, test.want)
			b.checkFits(t)
			b.checkAccessible(t, axe)
		})
	}
}

// More texts than one request takes go in several; a bad one stays without a tag. The file
// that comes of it runs no formulas.
func TestTryManyInBrowser(t *testing.T) {
	t.Parallel()
	_, page := startFront(t, server.Options{Settings: settings(func(c *config.Settings) { c.MaxTexts, c.MaxTextLength = 3, 100 })})
	b := browse(t, page+"#many")
	dir := t.TempDir()
	b.do(t, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir})
		return err
	}))
	source := filepath.Join(dir, "mails.csv")
	rows := []string{"note;text", `=1+1;"Object detection; with YOLO"`, "-5;" + strings.Repeat("long ", 21), "@x;", `plain;"Text ""classification"" with` + "\ntransformers" + `"`}
	for range 8 {
		rows = append(rows, "fine;Object detection with YOLO")
	}
	if err := os.WriteFile(source, []byte(strings.Join(rows, "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	b.do(t, chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{source}))
	b.wait(t, `document.querySelector('#file-name').textContent === 'mails.csv: 12 rows, 2 columns'`)
	b.do(t, chromedp.Click(chromedp.CSS("#run")))
	b.wait(t, `document.querySelector('#many-status').textContent.includes('2 rows not predicted')`)
	b.screenshot(t, "table")
	b.do(t, chromedp.Click(chromedp.CSS("#download")))
	var got []byte
	for deadline := time.Now().Add(20 * time.Second); len(got) == 0 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		got, _ = os.ReadFile(filepath.Join(dir, "mails-tagged.csv"))
	}
	read, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(got, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range read[1:] {
		if row[3] != "" {
			if p, err := strconv.ParseFloat(row[3], 64); err != nil || p <= 0 || p > 1 {
				t.Errorf("%q is no probability", row[3])
			}
			row[3] = "p"
		}
	}
	want := [][]string{
		{"note", "text", "tag", "probability", "model", "version", "error"},
		{"'=1+1", "Object detection; with YOLO", "computer-vision", "p", "default", "1", ""},
		{"'-5", strings.Repeat("long ", 21), "", "", "", "", "ensure this value has at most 100 characters"},
		{"'@x", "", "", "", "", "", "no text"},
		{"plain", "Text \"classification\" with\ntransformers", "natural-language-processing", "p", "default", "1", ""},
		{"fine", "Object detection with YOLO", "computer-vision", "p", "default", "1", ""},
	}
	if diff := cmp.Diff(read[:6], want); diff != "" || len(read) != 13 {
		t.Errorf("%d rows\n%s", len(read), diff)
	}
}

// The keyboard reaches everything, in the order of the page.
func TestTryByKeyboardInBrowser(t *testing.T) {
	t.Parallel()
	s := startTry(t, func(*server.Options) {})
	b := browse(t, s.url+"/try")
	b.wait(t, `document.querySelector('#choice-1 .version').options.length > 3`)
	var order []string
	for range 10 {
		b.do(t, chromedp.KeyEvent(kb.Tab))
		order = append(order, evaluate[string](t, b, `(({ id, className, hash }) => hash || id || className || document.activeElement.textContent)(document.activeElement)`))
	}
	want := []string{"#text", "#many", "#models", "aside", "model", "version", "compare", "text", "chip", "chip"}
	if diff := cmp.Diff(order, want); diff != "" {
		t.Error(diff)
	}
	b.do(t, chromedp.KeyEvent(kb.Enter))
	b.wait(t, answered+` === 'computer-vision'`)
	b.do(t, chromedp.KeyEvent(kb.Tab+kb.Tab+kb.Tab+kb.Enter)) // past an example and the first class
	b.wait(t, `document.querySelector('#panel-1 h2').textContent.includes('mlops')`)
	if focused := evaluate[string](t, b, `document.activeElement.firstChild.textContent`); focused != "mlops" {
		t.Errorf("the focus is on %q, want the class that is explained", focused)
	}
}
