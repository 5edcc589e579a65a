package server_test

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/server/classify"
	"tagifai/internal/server/protocols"
	"tagifai/model"
)

// An explanation is an object with what POST /predict?include=explanation adds to a text.
func TestOIPExplanation(t *testing.T) {
	s := startLoading(t, cautious(model.OnProbability), settings())
	var predictions struct{ Predictions []map[string]jsontext.Value }
	body := marshal(t, classify.PredictPayload{Texts: []classify.Text{{Text: three[0]}, {Text: three[1]}, {Text: three[2]}}})
	got := s.ask(t, http.MethodPost, "/predict?include=explanation", jsonBody, body)
	if err := json.Unmarshal(decodeEnvelope(t, got.body).Data, &predictions, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, p := range predictions.Predictions {
		delete(p, "input_text")
		delete(p, "predicted_tag")
		want = append(want, canonical(t, []byte(marshal(t, p))))
	}
	if !strings.Contains(want[0], `"explanation":[`) || !strings.Contains(want[0], `"fallback":{`) {
		t.Errorf("there is little to compare: %s", want[0])
	}
	for _, isBinary := range []bool{false, true} {
		request := fmt.Sprintf(`{"outputs":[{"name":"explanation","parameters":{"binary_data":%t}}],"inputs":[{"name":"text","shape":[3],"datatype":"BYTES","data":%s}]}`,
			isBinary, marshal(t, three))
		got := s.ask(t, http.MethodPost, "/v2/models/default/infer", jsonBody, request)
		document, rest := got.body, ""
		if n, err := strconv.Atoi(got.header.Get("Inference-Header-Content-Length")); err == nil {
			document, rest = document[:n], document[n:]
		}
		var answer protocols.OIPInferAnswer
		if err := json.Unmarshal([]byte(document), &answer); err != nil || len(answer.Outputs) != 1 {
			t.Fatalf("%v in %s", err, document)
		}
		var explained []string
		for _, text := range answer.Outputs[0].Data {
			explained = append(explained, canonical(t, []byte(text.(string))))
		}
		for rest != "" {
			n := 4 + binary.LittleEndian.Uint32([]byte(rest))
			explained = append(explained, canonical(t, []byte(rest[4:n])))
			rest = rest[n:]
		}
		if diff := cmp.Diff(explained, want); diff != "" {
			t.Errorf("binary is %t: %s", isBinary, diff)
		}
	}
}

// canonical returns JSON as all that has its value is written.
func canonical(t *testing.T, value jsontext.Value) string {
	t.Helper()
	if err := value.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return string(value)
}
