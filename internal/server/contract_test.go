package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/prediction"
	"tagifai/internal/server"
	"tagifai/model"
)

var jsonBody = http.Header{"Content-Type": {"application/json"}}

func TestData(t *testing.T) {
	s := start(t, settings())
	tests := []struct {
		name, path string
		want       string // the data, or the two ends of it around "..."
	}{
		{"health", "/", `{}`},
		{"performance", "/performance", `{"performance":{"overall":{...}}`},
		{"performance overall", "/performance?filter=overall", `{"performance":{"precision":...}}`},
		{"performance class", "/performance?filter=class", `{"performance":{...}}}`},
		{"performance of no such part", "/performance?filter=nope", `{"performance":{"overall":{...}}`},
		{"performance with an empty filter", "/performance?filter=", `{"performance":{"overall":{...}}`},
		{"performance, the last filter", "/performance?filter=class&filter=overall", `{"performance":{"precision":...}}`},
		{"args", "/args", `{"args":{...}}`},
		{"one arg", "/args/analyzer", `{"analyzer":"char_wb"}`},
		{"no such arg", "/args/nope", `{"nope":""}`},
		{"an arg of another script", "/args/%C3%A9%F0%9F%98%80", `{"é😀":""}`},
		{"an arg with a space", "/args/a%20b", `{"a b":""}`},
		{"an arg with an escaped percent", "/args/%2525", `{"%25":""}`},
		{"an arg behind an escaped slash", "/args%2Fanalyzer", `{"analyzer":"char_wb"}`},
		{"an arg with an escape within an escape", "/args/a%252Fb", `{"a%2Fb":""}`},
		{"an arg of two dots", "/args/%2e%2E", `{"..":""}`},
		{"an arg with a semicolon and a plus", "/args/a;b+c", `{"a;b+c":""}`},
		{"an arg of a control character", "/args/%00", `{"\u0000":""}`},
		{"a long arg", "/args/" + strings.Repeat("a", 20_000), `{"` + strings.Repeat("a", 20_000) + `":""}`},
		{"an arg to quote", "/args/%22%3Cb%3E%5C", `{"\"<b>\\":""}`},
		{"an arg that is no text", "/args/a%FFb", "{\"a\ufffdb\":\"\"}"},
		{"a path with needless escapes", "/%61rgs/%61nalyzer", `{"analyzer":"char_wb"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.ask(t, http.MethodGet, test.path, nil, "")
			if answer.status != http.StatusOK {
				t.Fatalf("%d: %s", answer.status, answer.body)
			}
			got := string(decodeEnvelope(t, answer.body).Data)
			begin, end, open := strings.Cut(test.want, "...")
			if open && strings.HasPrefix(got, begin) && strings.HasSuffix(got, end) {
				return
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNonNumbers asks for arguments and metrics that hold NaN, which FastAPI answers
// with a 500, and for others of the same files.
func TestNonNumbers(t *testing.T) {
	args, err := model.ParseObject([]byte(`{"power_t": NaN, "alpha": 0.1, "x": [1, -Infinity]}`))
	if err != nil {
		t.Fatal(err)
	}
	performance, err := model.ParseObject([]byte(`{"overall": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "num_samples": 2}, "class": {"mlops": {"f1": NaN}}, "slices": {}}`))
	if err != nil {
		t.Fatal(err)
	}
	s := startLoading(t, loadWith(args, performance), settings())
	for _, test := range []struct {
		path   string
		status int
		want   string // the data or the detail
	}{
		{"/args", 409, `"power_t is NaN, which JSON cannot represent"`},
		{"/args/power_t", 409, `"power_t is NaN, which JSON cannot represent"`},
		{"/args/x", 409, `"x.1 is -Infinity, which JSON cannot represent"`},
		{"/args/alpha", 200, `{"alpha":0.1}`},
		{"/args/nope", 200, `{"nope":""}`},
		{"/performance", 409, `"class.mlops.f1 is NaN, which JSON cannot represent"`},
		{"/performance?filter=class", 409, `"class.mlops.f1 is NaN, which JSON cannot represent"`},
		{"/performance?filter=overall", 200, `{"performance":{"precision":0.5,"recall":0.5,"f1":0.5,"num_samples":2}}`},
		{"/performance?filter=nope", 409, `"class.mlops.f1 is NaN, which JSON cannot represent"`},
	} {
		t.Run(test.path, func(t *testing.T) {
			answer := s.ask(t, http.MethodGet, test.path, nil, "")
			envelope := decodeEnvelope(t, answer.body)
			got := string(envelope.Data) + string(envelope.Detail)
			if answer.status != test.status || got != test.want {
				t.Errorf("got %d, %s, want %d, %s", answer.status, got, test.status, test.want)
			}
		})
	}
}

// loadWith loads the embedded model with other arguments and metrics.
func loadWith(args, performance model.Object) func() (*model.Model, error) {
	return func() (*model.Model, error) {
		a, err := model.ReadArtifact(model.DefaultFS())
		if err != nil {
			return nil, err
		}
		a.Args, a.Performance = args, performance
		return model.New(a)
	}
}

func TestPredict(t *testing.T) {
	s := start(t, settings())
	const (
		one         = `{"texts":[{"text":"CNNs for image segmentation."}]}`
		transformer = "Transfer learning with transformers for text classification."
		adversarial = "Generative adversarial networks for image generation."
	)
	segmentation := []prediction.Prediction{{InputText: "CNNs for image segmentation.", PredictedTag: "computer-vision"}}
	tests := []struct {
		name        string
		contentType string
		body        string
		want        []prediction.Prediction // where no tag is given, any will do
	}{
		{"two texts", "application/json", `{"texts":[{"text":"` + transformer + `"},{"text":"` + adversarial + `"}]}`,
			[]prediction.Prediction{{InputText: transformer, PredictedTag: "natural-language-processing"}, {InputText: adversarial, PredictedTag: "computer-vision"}}},
		{"no content type", "", one, segmentation},
		{"a +json type", "application/vnd.api+json; charset=utf-8", one, segmentation},
		{"a type in capitals", "Application/JSON", one, segmentation},
		{"more keys", "application/json", `{"x":[1,{"a":null}],"texts":[{"lang":"en","text":"CNNs for image segmentation."}]}`, segmentation},
		{"white space", "application/json", `{"texts":[{"text":"   "}]}`, []prediction.Prediction{{InputText: "   "}}},
		{"all of Unicode", "application/json", `{"texts":[{"text":"İ ẞ Σ 深度学习 \ud83d\ude00 <b>&amp;</b> \u2028 \u0001\""}]}`,
			[]prediction.Prediction{{InputText: "İ ẞ Σ 深度学习 😀 <b>&amp;</b> \u2028 \u0001\""}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			if test.contentType != "" {
				header.Set("Content-Type", test.contentType)
			}
			answer := s.ask(t, http.MethodPost, "/predict", header, test.body)
			if answer.status != http.StatusOK {
				t.Fatalf("%d: %s", answer.status, answer.body)
			}
			var got server.Predictions
			if err := json.Unmarshal(decodeEnvelope(t, answer.body).Data, &got); err != nil {
				t.Fatal(err)
			}
			for i, p := range test.want {
				if p.PredictedTag == "" && i < len(got.Predictions) {
					got.Predictions[i].PredictedTag = ""
				}
			}
			if diff := cmp.Diff(got.Predictions, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The data is what the client of today gets, byte by byte.
func TestPredictBytes(t *testing.T) {
	s := start(t, settings())
	answer := s.ask(t, http.MethodPost, "/predict", jsonBody, `{"texts":[{"text":"CNNs for <b>\u00e9\u5b66</b> image segmentation."}]}`)
	want := `{"predictions":[{"input_text":"CNNs for <b>é学</b> image segmentation.","predicted_tag":"computer-vision"}]}`
	if diff := cmp.Diff(string(decodeEnvelope(t, answer.body).Data), want); diff != "" {
		t.Error(diff)
	}
}

func TestPredictInvalid(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxTexts = 4 }))
	const (
		missing  = `{"loc":["body"],"msg":"field required","type":"value_error.missing"}`
		noTexts  = `{"loc":["body","texts"],"msg":"field required","type":"value_error.missing"}`
		noObject = `{"loc":["body"],"msg":"value is not a valid dict","type":"type_error.dict"}`
		noList   = `{"loc":["body","texts"],"msg":"value is not a valid list","type":"type_error.list"}`
	)
	tests := []struct {
		name, body string
		want       string // the items
	}{
		{"no body", ``, missing},
		{"null", ` null `, missing},
		{"an empty object", `{}`, noTexts},
		{"an empty string", `""`, noTexts},
		{"an empty array", `[]`, noObject},
		{"an array", `[1]`, noObject},
		{"a string", `"a"`, noObject},
		{"a number", `0`, noObject},
		{"a boolean", `false`, noObject},
		{"no number", `NaN`, noObject},
		{"texts null", `{"texts":null}`, `{"loc":["body","texts"],"msg":"none is not an allowed value","type":"type_error.none.not_allowed"}`},
		{"texts a string", `{"texts":"abc"}`, noList},
		{"texts an object", `{"texts":{"text":"a"}}`, noList},
		{"no texts", `{"texts":[]}`, `{"loc":["body","texts"],"msg":"List of texts to classify cannot be empty.","type":"value_error"}`},
		{"too many texts", `{"texts":[{"text":""},1,2,3,4,5]}`, `{"loc":["body","texts"],"msg":"ensure this value has at most 4 items","type":"value_error.list.max_items","ctx":{"limit_value":4}}`},
		{"an item a string", `{"texts":["abc"]}`, `{"loc":["body","texts",0],"msg":"value is not a valid dict","type":"type_error.dict"}`},
		{"an item an empty array", `{"texts":[[]]}`, `{"loc":["body","texts",0],"msg":"value is not a valid dict","type":"type_error.dict"}`},
		{"an item null", `{"texts":[null]}`, `{"loc":["body","texts",0],"msg":"none is not an allowed value","type":"type_error.none.not_allowed"}`},
		{"no text", `{"texts":[{}]}`, `{"loc":["body","texts",0,"text"],"msg":"field required","type":"value_error.missing"}`},
		{"text null", `{"texts":[{"text":null}]}`, `{"loc":["body","texts",0,"text"],"msg":"none is not an allowed value","type":"type_error.none.not_allowed"}`},
		{"text a number", `{"texts":[{"text":5}]}`, `{"loc":["body","texts",0,"text"],"msg":"str type expected","type":"type_error.str"}`},
		{"text an array", `{"texts":[{"text":["a"]}]}`, `{"loc":["body","texts",0,"text"],"msg":"str type expected","type":"type_error.str"}`},
		{"text empty", `{"texts":[{"text":""}]}`, `{"loc":["body","texts",0,"text"],"msg":"ensure this value has at least 1 characters","type":"value_error.any_str.min_length","ctx":{"limit_value":1}}`},
		{"every error, in order", `{"texts":[{"text":"a"},{"text":""},{"text":{}},7]}`, `{"loc":["body","texts",1,"text"],"msg":"ensure this value has at least 1 characters","type":"value_error.any_str.min_length","ctx":{"limit_value":1}},` +
			`{"loc":["body","texts",2,"text"],"msg":"str type expected","type":"type_error.str"},` +
			`{"loc":["body","texts",3],"msg":"value is not a valid dict","type":"type_error.dict"}`},
		{"no text, and an empty one", `{"texts":[{},{"text":null},{"text":""}]}`, `{"loc":["body","texts",2,"text"],"msg":"ensure this value has at least 1 characters","type":"value_error.any_str.min_length","ctx":{"limit_value":1}}`},
		{"a comma too many, on the second line", "{\"texts\":\n[{\"text\":\"é\",}]}", `{"loc":["body",23],"msg":"a property name in double quotes is wanted: line 2 column 14 (char 23)","type":"value_error.jsondecode",` +
			`"ctx":{"msg":"a property name in double quotes is wanted","pos":23,"lineno":2,"colno":14}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.ask(t, http.MethodPost, "/predict", jsonBody, test.body)
			if answer.status != http.StatusUnprocessableEntity {
				t.Fatalf("%d: %s", answer.status, answer.body)
			}
			if diff := cmp.Diff(string(decodeEnvelope(t, answer.body).Detail), "["+test.want+"]"); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A body of another type is not looked into.
func TestPredictContentType(t *testing.T) {
	s := start(t, settings())
	for _, contentType := range []string{"application/x-www-form-urlencoded", "text/plain", "text/json", "json", "application/json/x", "application/json, text/plain"} {
		t.Run(contentType, func(t *testing.T) {
			answer := s.ask(t, http.MethodPost, "/predict", http.Header{"Content-Type": {contentType}}, `{"texts":[{"text":"a"}]}`)
			if answer.status != http.StatusUnprocessableEntity {
				t.Fatalf("%d: %s", answer.status, answer.body)
			}
			want := `[{"loc":["body"],"msg":"value is not a valid dict","type":"type_error.dict","ctx":{"content_type":"` + contentType + `","wanted":"application/json"}}]`
			if diff := cmp.Diff(string(decodeEnvelope(t, answer.body).Detail), want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes = 100 }), func(s *server.Server) {
		s.Route(http.MethodGet, "/wrong", func(*http.Request) (any, error) { return make(chan int), nil })
	})
	brotli := http.Header{"Content-Encoding": {"br"}}
	large := strings.Repeat(" ", 101)
	tests := []struct {
		name, method, path string
		header             http.Header
		body               string
		status             int
		detail, allow      string
	}{
		{"no such path", "GET", "/nope", nil, "", 404, "Not Found", ""},
		{"no such path below one", "GET", "/args/a/b", nil, "", 404, "Not Found", ""},
		{"no such path, with a slash", "GET", "/nope/", nil, "", 404, "Not Found", ""},
		{"another host", "GET", "//example.org/", nil, "", 404, "Not Found", ""},
		{"no such page of the docs", "GET", "/docs/nope.js", nil, "", 404, "Not Found", ""},
		{"wrong method", "DELETE", "/predict", nil, "", 405, "Method Not Allowed", "POST"},
		{"wrong method on a GET route", "POST", "/", nil, "", 405, "Method Not Allowed", "GET, HEAD"},
		{"an escaped slash in a parameter", "GET", "/args/a%2Fb", nil, "", 404, "Not Found", ""},
		{"dots in a path", "GET", "/args/../args", nil, "", 404, "Not Found", ""},
		{"two slashes", "GET", "//args", nil, "", 404, "Not Found", ""},
		{"OPTIONS", "OPTIONS", "/predict", nil, "", 405, "Method Not Allowed", "POST"},
		{"OPTIONS on a GET route", "OPTIONS", "/args", nil, "", 405, "Method Not Allowed", "GET, HEAD"},
		{"TRACE", "TRACE", "/args", nil, "", 405, "Method Not Allowed", "GET, HEAD"},
		{"a method in small letters", "get", "/args", nil, "", 405, "Method Not Allowed", "GET, HEAD"},
		{"an error for a browser", "GET", "/nope", http.Header{"Accept": {"text/html,*/*;q=0.8"}}, "", 404, "Not Found", ""},
		{"wrong method on a route with a parameter", "PUT", "/args/a%2Eb", nil, "", 405, "Method Not Allowed", "GET, HEAD"},
		{"unknown method", "BREW", "/args", nil, "", 405, "Method Not Allowed", "GET, HEAD"},
		{"unknown method and path", "BREW", "/coffee", nil, "", 404, "Not Found", ""},
		{"no text", "POST", "/predict", nil, "{\"texts\":[{\"text\":\"\xff\"}]}", 400, "There was an error parsing the body", ""},
		{"body too large", "POST", "/predict", nil, large, 413, "The body is larger than the limit of 100 bytes", ""},
		{"compressed", "POST", "/predict", brotli, "{}", 415, "Content-Encoding is not supported: send the body as it is, or by gzip or zstd", ""},
		{"no JSON can be made of it", "GET", "/wrong", nil, "", 500, "Internal Server Error", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.ask(t, test.method, test.path, test.header, test.body)
			got := decodeEnvelope(t, answer.body)
			if answer.status != test.status || got.StatusCode != test.status {
				t.Errorf("got status %d, and %d in the body, want %d", answer.status, got.StatusCode, test.status)
			}
			if diff := cmp.Diff(string(got.Detail), `"`+test.detail+`"`); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(answer.header.Get("Allow"), test.allow); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEnvelope(t *testing.T) {
	s := start(t, settings())
	pattern := regexp.MustCompile(`^\{"message":"([^"]*)","method":"([^"]*)","status-code":(\d+),"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?","url":"([^"]*)","(\w+)":.*\}$`)
	tests := []struct {
		name, method, path string
		want               []string // message, method, status, last key
	}{
		{"a success", "GET", "/args?a=%20b&c", []string{"OK", "GET", "200", "data"}},
		{"an escaped path", "GET", "/args/%61%20", []string{"OK", "GET", "200", "data"}},
		{"no such path", "GET", "/nope?x", []string{"Not Found", "GET", "404", "detail"}},
		{"wrong method", "PATCH", "/", []string{"Method Not Allowed", "PATCH", "405", "detail"}},
		{"invalid", "POST", "/predict?", []string{"Unprocessable Entity", "POST", "422", "detail"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.ask(t, test.method, test.path, nil, "")
			got := pattern.FindStringSubmatch(answer.body)
			if got == nil {
				t.Fatalf("%s is no envelope", answer.body)
			}
			want := []string{test.want[0], test.want[1], test.want[2], s.url + test.path, test.want[3]}
			if diff := cmp.Diff(got[1:], want); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(answer.header.Get("Content-Type"), "application/json"); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(answer.length, int64(len(answer.body))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
