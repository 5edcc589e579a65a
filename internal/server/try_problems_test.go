//go:build !race

package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/server"
)

// A front stands between the page and the service. It answers some requests itself.
type front struct {
	http.Handler
	status atomic.Int64 // of answers to predict, instead of the service's own
	slow   atomic.Bool  // whether the next request to predict is answered late
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		if f.slow.CompareAndSwap(true, false) {
			time.Sleep(time.Second)
		}
		if status := int(f.status.Load()); status != 0 {
			if status == goneAway {
				panic(http.ErrAbortHandler)
			}
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"detail": "As the test wants it"}`)
			return
		}
	}
	f.Handler.ServeHTTP(w, r)
}

const goneAway = -1 // instead of a status: the connection breaks

// startFront serves a front of a service below a prefix, as a proxy does that says nothing
// of itself.
func startFront(t *testing.T, options server.Options) (f *front, page string) {
	t.Helper()
	f = &front{Handler: newServer(t, options).Handler()}
	proxy := httptest.NewServer(http.StripPrefix("/tagger", f))
	t.Cleanup(proxy.Close)
	return f, proxy.URL + "/tagger/try"
}

// What goes wrong is said in words, and the page goes on by itself when it is over.
func TestTryProblemsInBrowser(t *testing.T) {
	t.Parallel()
	f, page := startFront(t, server.Options{Settings: settings(func(c *config.Settings) { c.MaxBodyBytes, c.MaxTextLength = 400, 100 })})
	b := browse(t, page)
	axe := readAxe(t)
	const problem = `(document.querySelector('#panel-1 .notice:not([hidden])')?.textContent ?? '')`
	tests := []struct {
		name, text string
		status     int
		want       string
	}{
		{"too long for the service", strings.Repeat("a", 101), 0, "The service does not take this: ensure this value has at most 100 characters."},
		{"too large a body", strings.Repeat("a", 401), 0, "This is too much at once. The body is larger than the limit of 400 bytes."},
		{"too many requests", someText, 429, "Too many requests for now: the service limits what one client may ask for. Next try in 1 s."},
		{"busy", someText, 503, "The service cannot answer right now. As the test wants it. Next try in 1 s."},
		{"failed", someText, 500, "The service failed (500): As the test wants it."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f.status.Store(int64(test.status))
			b.fill(t, test.text)
			b.wait(t, problem+" !== ''")
			if diff := cmp.Diff(evaluate[string](t, b, problem), test.want); diff != "" {
				t.Error(diff)
			}
			b.screenshot(t, "problem")
			b.checkAccessible(t, axe)
			f.status.Store(0)
			if test.status == 500 || test.status == 0 { // which trying again does not help
				b.fill(t, someText)
			}
			b.wait(t, problem+" === '' && "+answered+" === 'natural-language-processing'")
		})
	}
	t.Run("offline", func(t *testing.T) {
		f.status.Store(goneAway)
		b.fill(t, "Drones")
		b.wait(t, problem+".startsWith('The service does not answer. It may be down, or this device may be offline. Next try in ')")
		f.status.Store(0)
		b.wait(t, problem+" === '' && document.querySelector('#panel-1 .text')?.textContent === 'Drones'")
	})
	t.Run("answers out of order", func(t *testing.T) {
		f.slow.Store(true)
		b.fill(t, "Object detection")
		b.wait(t, `document.querySelector('#panel-1').getAttribute('aria-busy') === 'true'`)
		b.fill(t, someText)
		b.wait(t, `document.querySelector('#panel-1 .text')?.textContent === '`+someText+`'`)
		b.do(t, chromedp.Sleep(1200*time.Millisecond))
		b.wait(t, `document.querySelector('#panel-1 .text')?.textContent === '`+someText+`'`)
	})
	t.Run("as curl", func(t *testing.T) {
		b.fill(t, `It's "quoted" $(here)`)
		want := "curl -sS \\\n  -H 'Content-Type: application/json' \\\n" +
			`  --data-binary '{"texts":[{"text":"It'\''s \"quoted\" $(here)"}]}'` + " \\\n" +
			"  '" + strings.TrimSuffix(page, "try") + "models/default/predict?include=probabilities,scores,model,version,explanation&explain_top=20'"
		b.wait(t, `document.querySelector('#curl pre').textContent.includes('quoted')`)
		if diff := cmp.Diff(evaluate[string](t, b, `document.querySelector('#curl pre').textContent`), want); diff != "" {
			t.Error(diff)
		}
	})
}

// fill puts a text in the place of the one that is there.
func (b *browser) fill(t *testing.T, text string) {
	t.Helper()
	encoded, _ := json.Marshal(text)
	evaluate[bool](t, b, `(() => {
		const box = document.querySelector('#text');
		box.value = `+string(encoded)+`;
		return box.dispatchEvent(new Event('input'));
	})()`)
}
