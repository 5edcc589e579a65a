// The tests with a browser run without the race detector: what a browser asks the service for,
// other tests ask for with it.

//go:build !race

package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/auth"
	"tagifai/internal/logtest"
	"tagifai/internal/server"
)

// A browser is a tab of Chromium, and what it asked for and complained about.
type browser struct {
	context.Context
	mu       sync.Mutex
	requests []string // URLs
	errors   []string // of the console, the policy's included
}

// browse opens a page in a window of that size. Screenshots of a test go into
// the directory that TAGIFAI_SCREENSHOTS names, if it does.
func browse(t *testing.T, page string, window ...chromedp.Action[chromedp.Void]) *browser {
	t.Helper()
	var chromium string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			chromium = path
			break
		}
	}
	if chromium == "" {
		t.Skip("there is no chromium to look at the pages with")
	}
	if testing.Short() {
		t.Skip("a browser is slow to start")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(chromium),
		chromedp.NoSandbox, // which root cannot have
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		// Whatever else the browser has in mind, it cannot reach another host.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	var reading sync.WaitGroup
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until the browser is gone, and ends the messages
		reading.Wait()
	})

	b := &browser{Context: ctx}
	messages := chromedp.Console(ctx)
	if err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.requests = append(b.requests, e.Request.URL)
		}
	}); err != nil {
		t.Fatal(err)
	}
	reading.Go(func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			if message.IsException() || message.Type == chromedp.ConsoleError || message.Type == chromedp.ConsoleWarning {
				b.mu.Lock()
				b.errors = append(b.errors, message.String())
				b.mu.Unlock()
			}
		}
	})
	b.do(t, window...)
	b.do(t, chromedp.Navigate(page))
	return b
}

func (b *browser) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		b.screenshot(t, "failed")
		t.Fatalf("%v; the console: %q", err, b.errors)
	}
}

// wait waits until an expression is true in the page.
func (b *browser) wait(t *testing.T, expression string) {
	t.Helper()
	if _, err := chromedp.Run(b, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(30*time.Second))); err != nil {
		b.screenshot(t, "failed")
		t.Fatalf("%s: %v; the console: %q", expression, err, b.errors)
	}
}

// evaluate returns what an expression is in the page.
func evaluate[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	value, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func (b *browser) screenshot(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("TAGIFAI_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b, chromedp.CaptureScreenshot())
	if err != nil {
		t.Errorf("screenshot: %v", err)
		return
	}
	name = strings.NewReplacer("/", "-", " ", "-").Replace(t.Name() + "-" + name + ".png")
	if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err != nil {
		t.Error(err)
	}
}

// checkQuiet fails if the page complained, or asked another host for anything.
func (b *browser) checkQuiet(t *testing.T, host string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	elsewhere := 0
	for _, request := range b.requests {
		u, err := url.Parse(request)
		if err != nil {
			t.Error(err)
			continue
		}
		if u.Host != host && u.Scheme != "data" && u.Scheme != "blob" {
			elsewhere++
			t.Errorf("a request to %s", request)
		}
	}
	for _, message := range b.errors {
		t.Errorf("console: %s", message)
	}
	t.Logf("%d requests, %d to other hosts", len(b.requests), elsewhere)
}

var windows = []struct {
	name string
	size chromedp.Action[chromedp.Void]
}{
	{"desktop", chromedp.EmulateViewport(1280, 900)},
	{"phone", chromedp.EmulateViewport(375, 740, chromedp.EmulateMobile)},
}

// A person asks for a prediction with two clicks.
func TestDocsInBrowser(t *testing.T) {
	t.Parallel()
	for _, window := range windows {
		t.Run(window.name, func(t *testing.T) {
			s := start(t, settings())
			b := browse(t, s.url+"/docs", window.size)
			b.predict(t)
			if first := evaluate[string](t, b, `document.querySelector('.opblock-summary').textContent`); !strings.HasPrefix(first, "POST/predict") {
				t.Errorf("the page begins with %q", first)
			}
			b.checkQuiet(t, s.Addr())
		})
	}
	t.Run("dark", func(t *testing.T) {
		s := start(t, settings())
		b := browse(t, s.url+"/docs", windows[0].size, prefers("dark"))
		b.predict(t)
		if got := evaluate[string](t, b, `getComputedStyle(document.documentElement).backgroundColor`); got != "rgb(27, 27, 27)" {
			t.Errorf("the background is %s", got)
		}
		evaluate[bool](t, b, `(scrollTo(0, 0), true)`)
		b.screenshot(t, "top")
		b.do(t, chromedp.Click(chromedp.CSS(".try a")), chromedp.WaitVisible(chromedp.CSS("#examples")))
	})
	// A proxy that says nothing of itself.
	t.Run("below a prefix", func(t *testing.T) {
		proxy := httptest.NewServer(http.StripPrefix("/tagger", newServer(t, server.Options{Settings: settings()}).Handler()))
		defer proxy.Close()
		b := browse(t, proxy.URL+"/tagger/docs")
		b.predict(t)
		b.checkQuiet(t, proxy.Listener.Addr().String())
	})
}

// A person with a key, or with a token, says so once.
func TestAuthorizeInBrowser(t *testing.T) {
	t.Parallel()
	keys := newKeyring(t, io.Discard, prometheus.NewRegistry())
	secret := keys.key(t, "person", auth.Predict, nil, time.Time{})
	keys.reread()
	for scheme, credential := range map[string]string{"bearer": token(t, nil), "key": secret} {
		t.Run(scheme, func(t *testing.T) {
			s := startServing(t, server.Options{Settings: settings(), Guard: keys.guard}, new(logtest.Log))
			b := browse(t, s.url+"/docs", windows[0].size)
			b.do(t,
				chromedp.Click(chromedp.CSS(".auth-wrapper .authorize")),
				chromedp.WaitVisible(chromedp.CSS(".auth-container input")),
			)
			form := ".auth-container:has(#" + map[string]string{"bearer": "auth-bearer-value", "key": "api_key_value"}[scheme] + ")"
			b.screenshot(t, "form")
			b.do(t,
				chromedp.SendKeys(chromedp.CSS(form+" input"), credential),
				chromedp.Click(chromedp.CSS(form+" .authorize")),
				chromedp.Click(chromedp.CSS(".btn-done")),
			)
			b.predict(t)
			b.checkQuiet(t, s.Addr())
		})
	}
}

// predict clicks its way to the answer of POST /predict at /docs.
func (b *browser) predict(t *testing.T) {
	t.Helper()
	const predict = "#operations-Prediction-predict"
	b.do(t, chromedp.WaitVisible(chromedp.CSS(predict)))
	groups := evaluate[string](t, b, `[...document.querySelectorAll('.opblock-tag')].map(e => e.dataset.tag).join()`)
	if want := "Prediction,General,Performance,Arguments,Models,Open Inference Protocol,MLflow"; groups != want {
		t.Errorf("got the groups %s, want %s", groups, want)
	}
	b.screenshot(t, "loaded")
	b.do(t,
		chromedp.Click(chromedp.CSS(predict+" .opblock-summary-control")),
		chromedp.Click(chromedp.CSS(predict+" .try-out__btn")),
		chromedp.Click(chromedp.CSS(predict+" .execute")),
	)
	b.wait(t, `document.querySelector('`+predict+` .live-responses-table .response .response-col_status')?.textContent.startsWith('200')`)
	answer := evaluate[string](t, b, `document.querySelector('`+predict+` .live-responses-table .response .response-col_description').textContent`)
	for _, want := range []string{`"predicted_tag"`, `"natural-language-processing"`, `"computer-vision"`} {
		if !strings.Contains(answer, want) {
			t.Errorf("the answer has no %s: %s", want, answer)
		}
	}
	b.do(t, chromedp.ScrollIntoView(chromedp.CSS(predict+" .live-responses-table")))
	b.screenshot(t, "predicted")
	b.checkFits(t)
}

func TestReDocInBrowser(t *testing.T) {
	t.Parallel()
	for _, window := range windows {
		t.Run(window.name, func(t *testing.T) {
			s := start(t, settings())
			b := browse(t, s.url+"/redoc", window.size)
			b.do(t, chromedp.WaitVisible(chromedp.CSS(`[id="operation/predict"]`)))
			operations := evaluate[string](t, b, `[...document.querySelectorAll('[id^="operation/"]')].map(e => e.id.split('/').pop()).join()`)
			if want := "predict,storedPredictions,storedPrediction,health,livez,readyz,performance,args,arg,models,model,predictAlias,predictModel,modelStoredPredictions,modelStoredPrediction,modelVersion,versionArgs,versionArg,versionDrift,versionPerformance,predictVersion,oipServer,oipLive,oipReady,oipModel,oipInfer,oipModelReady,oipVersion,oipInferVersion,oipVersionReady,oipIndex,mlflowHealth,mlflowInvocations,mlflowPing,mlflowVersion"; operations != want {
				t.Errorf("got the operations %s, want %s", operations, want)
			}
			b.checkExamples(t, s.url)
			b.screenshot(t, "loaded")
			b.checkFits(t)
			b.checkQuiet(t, s.Addr())
		})
	}
}

// checkExamples fails unless the URLs in the examples of answers that the page shows are
// those of the service.
func (b *browser) checkExamples(t *testing.T, service string) {
	t.Helper()
	text := evaluate[string](t, b, `document.body.textContent`)
	if !strings.Contains(text, `"url": "`+service+`/predict"`) || strings.Contains(text, "localhost:8000") {
		t.Errorf("the examples do not have the URL of %s", service)
	}
}

// checkFits fails if one has to scroll the page sideways.
func (b *browser) checkFits(t *testing.T) {
	t.Helper()
	if over := evaluate[int](t, b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		t.Errorf("the page is %d pixels wider than the window", over)
	}
}
