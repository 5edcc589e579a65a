package server_test

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"tagifai/internal/config"
)

// scrape returns the metrics by name and labels.
func scrape(t *testing.T, from *service) map[string]string {
	t.Helper()
	values := map[string]string{}
	for line := range strings.Lines(from.ask(t, http.MethodGet, "/metrics", nil, "").body) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "} "); ok {
			values[name+"}"] = value
		} else if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			values[name] = value
		}
	}
	return values
}

func TestMetrics(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes = 200 }))
	s.ask(t, http.MethodPost, "/predict", jsonBody, `{"texts":[{"text":"Object detection with YOLO"},{"text":"Word embeddings and BERT"},{"text":"My cat sleeps"}]}`)
	s.ask(t, http.MethodPost, "/predict", jsonBody, `{"texts":[]}`)
	s.ask(t, http.MethodPost, "/predict", jsonBody, strings.Repeat(" ", 201))
	s.ask(t, http.MethodGet, "/args/learning_rate", nil, "")
	s.ask(t, http.MethodGet, "/args/"+strings.Repeat("x", 100), nil, "")
	s.ask(t, http.MethodGet, "/nope", nil, "")
	s.ask(t, "BREW", "/coffee", nil, "")
	s.ask(t, http.MethodPut, "/predict", nil, "")
	got := scrape(t, s)
	for name, want := range map[string]string{
		`http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",http_route="/predict"}`:      "1",
		`http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="422",http_route="/predict"}`:      "1",
		`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/args/{arg}"}`:    "2",
		`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="404",http_route=""}`:               "1",
		`http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="404",http_route=""}`:            "1",
		fmt.Sprintf(`tagifai_build_info{goarch=%q,goos=%q,goversion=%q,version="v1.2.3"}`, runtime.GOARCH, runtime.GOOS, runtime.Version()): "1",
		`http_server_active_requests`: "1", // this one
		`tagifai_predicted_texts_total{model="default",tag="computer-vision",version="1"}`:             "1",
		`tagifai_predicted_texts_total{model="default",tag="natural-language-processing",version="1"}`: "1",
		`tagifai_predicted_texts_total{model="default",tag="other",version="1"}`:                       "1",
		`tagifai_predicted_texts_total{model="default",tag="mlops",version="1"}`:                       "0",
		`tagifai_fallback_texts_total{model="default",version="1"}`:                                    "0",
		`tagifai_prediction_confidence_count{model="default",version="1"}`:                             "3",
		`tagifai_rejected_requests_total{reason="invalid"}`:                                            "1",
		`tagifai_rejected_requests_total{reason="body_too_large"}`:                                     "1",
		`tagifai_rejected_requests_total{reason="not_found"}`:                                          "2",
		`tagifai_rejected_requests_total{reason="method_not_allowed"}`:                                 "1",
		`tagifai_rejected_requests_total{reason="queue_full"}`:                                         "0",
		`tagifai_model_reloads_total{outcome="success"}`:                                               "0",
		`tagifai_model_last_reload_success`:                                                            "1",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	for _, name := range []string{`tagifai_model_load_seconds{model="default",version="1"}`, "tagifai_model_last_reload_timestamp_seconds", "go_goroutines", "process_start_time_seconds"} {
		if value, err := strconv.ParseFloat(got[name], 64); err != nil || value <= 0 {
			t.Errorf("%s: got %q", name, got[name])
		}
	}
}

// Whatever clients send, the number of series does not grow with it.
func TestMetricsAreBounded(t *testing.T) {
	s := start(t, settings())
	storm := func(from int) int {
		for i := from; i < from+50; i++ {
			s.ask(t, fmt.Sprintf("M%d", i), "/", nil, "")
			s.ask(t, http.MethodGet, fmt.Sprintf("/path%d", i), nil, "")
			s.ask(t, http.MethodGet, fmt.Sprintf("/args/%d", i), nil, "")
			s.ask(t, http.MethodPost, fmt.Sprintf("/predict?include=%d", i), http.Header{"Content-Type": {fmt.Sprintf("text/t%d", i)}}, fmt.Sprint(i))
		}
		return len(scrape(t, s))
	}
	storm(0)
	before := len(scrape(t, s)) // a second time, as the first adds itself
	if after := storm(1000); after != before {
		t.Errorf("got %d series after twice as many requests, %d before", after, before)
	}
}

func TestMetricsAreClean(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("there is no promtool to check the metrics with: install Debian's package prometheus")
	}
	s := start(t, settings())
	s.ask(t, http.MethodPost, "/predict", jsonBody, `{"texts":[{"text":"Object detection with YOLO"}]}`)
	check := exec.Command(promtool, "check", "metrics")
	response, err := http.Get(s.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	check.Stdin = strings.NewReader(string(text))
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
