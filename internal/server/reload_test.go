package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/logtest"
	"tagifai/internal/server"
	"tagifai/model"
)

// variant returns the default model as another run with other classes.
func variant(t *testing.T, runID string) *model.Model {
	t.Helper()
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	a.RunID = runID
	for i, class := range a.Weights.Classes {
		a.Weights.Classes[i] = runID + "-" + class
	}
	m, err := model.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A loader loads what it is told to.
type loader struct {
	next atomic.Pointer[model.Model]
	err  atomic.Pointer[error]
}

func (l *loader) load() (*model.Model, error) {
	if err := l.err.Load(); err != nil {
		return nil, *err
	}
	return l.next.Load(), nil
}

func newLoader(m *model.Model) *loader {
	l := new(loader)
	l.next.Store(m)
	return l
}

// A request sees one model from start to end, whenever others are loaded.
func TestReloadUnderLoad(t *testing.T) {
	variants := []*model.Model{variant(t, "first"), variant(t, "second")}
	l := newLoader(variants[0])
	logs := new(logtest.Log)
	models := newRegistry(t, l.load, zerolog.New(logs), prometheus.NewRegistry())
	s := newServer(t, server.Options{Settings: settings(), Versions: models})
	h := s.Handler()
	var texts []string
	for range 50 {
		texts = append(texts, `{"text":"Object detection with YOLO"}`)
	}
	body := `{"texts":[` + strings.Join(texts, ",") + `]}`

	done := make(chan struct{})
	var clients sync.WaitGroup
	var seen [2]atomic.Int64
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				w := newRecorder()
				r, err := http.NewRequest(http.MethodPost, "/predict?include=model", strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				h.ServeHTTP(w, r)
				var got struct {
					Data struct {
						Model       string
						Predictions []struct {
							Tag string `json:"predicted_tag"`
						}
					}
				}
				if err := json.Unmarshal(w.body.Bytes(), &got); err != nil || w.status != http.StatusOK {
					t.Errorf("%d, %v: %s", w.status, err, w.body.String())
					return
				}
				for _, p := range got.Data.Predictions {
					if p.Tag != got.Data.Model+"-computer-vision" {
						t.Errorf("the model %s gave the tag %s", got.Data.Model, p.Tag)
						return
					}
				}
				seen[map[string]int{"first": 0, "second": 1}[got.Data.Model]].Add(1)
			}
		})
	}
	for i := 1; i <= 20 || seen[0].Load() == 0 || seen[1].Load() == 0; i++ {
		l.next.Store(variants[i%2])
		if _, err := models.Reload(t.Context(), "a test"); err != nil {
			t.Error(err)
		}
	}
	close(done)
	clients.Wait()
}

type memory struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *memory { return &memory{header: http.Header{}} }

func (m *memory) Header() http.Header         { return m.header }
func (m *memory) WriteHeader(status int)      { m.status = status }
func (m *memory) Write(p []byte) (int, error) { return m.body.Write(p) }

func TestReloadEndpoint(t *testing.T) {
	l := newLoader(variant(t, "first"))
	s := startLoading(t, l.load, settings(func(c *config.Settings) { c.AdminAddr = "127.0.0.1:0" }))
	admin := &service{Server: s.Server, url: "http://" + s.AdminAddr(), logs: s.logs}
	served := func() string {
		t.Helper()
		var got struct{ Data struct{ Model string } }
		body := s.ask(t, http.MethodPost, "/predict?include=model", jsonBody, `{"texts":[{"text":"a"}]}`).body
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		return got.Data.Model
	}

	l.next.Store(variant(t, "second"))
	answer := admin.ask(t, http.MethodPost, "/reload", nil, "")
	var data struct {
		RunID string `json:"run_id"`
		MS    float64
	}
	if err := json.Unmarshal(decodeEnvelope(t, answer.body).Data, &data); err != nil || answer.status != http.StatusOK || data.RunID != "second" || data.MS < 0 {
		t.Errorf("%d, %v: %s", answer.status, err, answer.body)
	}
	if diff := cmp.Diff(served(), "second"); diff != "" {
		t.Error(diff)
	}

	bad := errors.New("model.safetensors: checksum: the file is damaged")
	l.err.Store(&bad)
	answer = admin.ask(t, http.MethodPost, "/reload", nil, "")
	if detail := string(decodeEnvelope(t, answer.body).Detail); answer.status != http.StatusConflict || !strings.Contains(detail, bad.Error()) {
		t.Errorf("%d: %s", answer.status, answer.body)
	}
	if diff := cmp.Diff(served(), "second"); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(s.logs.String(), bad.Error()) {
		t.Errorf("the log does not tell why: %s", s.logs)
	}
	metrics := scrape(t, admin)
	info := func(runID string) string {
		return fmt.Sprintf(`tagifai_model_info{classes="4",format="tagifai",model="default",ngrams="%d",run_id=%q,version="1"}`, variant(t, runID).NGrams(), runID)
	}
	for name, want := range map[string]string{
		`tagifai_model_reloads_total{outcome="failure"}`: "1",
		`tagifai_model_reloads_total{outcome="success"}`: "1",
		`tagifai_model_last_reload_success`:              "0",
		info("second"):                                   "1",
		info("first"):                                    "",
	} {
		if metrics[name] != want {
			t.Errorf("%s: got %q, want %q", name, metrics[name], want)
		}
	}

	// None of it is for the public.
	for _, path := range []string{"/metrics", "/reload", "/debug/pprof/"} {
		if got := s.ask(t, http.MethodGet, path, nil, ""); got.status != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, got.status)
		}
	}
	for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/debug/pprof/": 200, "/debug/pprof/heap": 200, "/debug/pprof/profile?seconds=1": 200, "/reload": 405, "/predict": 404, "/": 404} {
		if got := admin.ask(t, http.MethodGet, path, nil, ""); got.status != want {
			t.Errorf("%s: got %d, want %d: %s", path, got.status, want, got.body)
		}
	}
}
