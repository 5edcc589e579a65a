package protocols_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/jsonbody"
	"tagifai/internal/server/exchange"
	"tagifai/internal/server/protocols"
)

// An error is JSON of the protocol whatever is in its words, and has MLflow's name for its
// status.
func TestRefusals(t *testing.T) {
	items := []jsonbody.Item{
		{Loc: []any{"query", "top"}, Msg: "value is not a valid integer"},
		{Loc: []any{"body", "texts", 3}, Msg: "field required"},
	}
	tests := []struct {
		name    string
		refused exchange.Refusal
		code    string
		want    string
	}{
		{"without a credential", exchange.Refusal{Status: 401, Detail: "a"}, "UNAUTHENTICATED", "a"},
		{"forbidden", exchange.Refusal{Status: 403, Detail: "a"}, "PERMISSION_DENIED", "a"},
		{"not there", exchange.Refusal{Status: 404, Detail: "a"}, "ENDPOINT_NOT_FOUND", "a"},
		{"too many", exchange.Refusal{Status: 429, Detail: "a"}, "REQUEST_LIMIT_EXCEEDED", "a"},
		{"failed", exchange.Internal, "INTERNAL_ERROR", "Internal Server Error"},
		{"busy", exchange.Refusal{Status: 503, Detail: "a"}, "TEMPORARILY_UNAVAILABLE", "a"},
		{"any other", exchange.Refusal{Status: 415, Detail: "a"}, "BAD_REQUEST", "a"},
		{"to quote", exchange.Refusal{Status: 400, Detail: "a \"b\"\n\x00\\"}, "BAD_REQUEST", "a \"b\"\n\x00\\"},
		{"no UTF-8", exchange.Refusal{Status: 404, Detail: "no model \xff"}, "ENDPOINT_NOT_FOUND", "no model \ufffd"},
		{"several", exchange.Refusal{Status: 422, Items: items}, "BAD_REQUEST", "query.top: value is not a valid integer; body.texts.3: field required"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var infer protocols.OIPError
			decode(t, protocols.OIPDialect{}, test.refused, &infer)
			if diff := cmp.Diff(infer, protocols.OIPError{Error: test.want}); diff != "" {
				t.Error(diff)
			}
			var invoke protocols.MLflowError
			decode(t, protocols.MLflowDialect{}, test.refused, &invoke)
			if diff := cmp.Diff(invoke, protocols.MLflowError{ErrorCode: test.code, Message: test.want}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// decode decodes a refusal as a dialect writes it, behind what is in the buffer.
func decode(t *testing.T, d exchange.Dialect, refused exchange.Refusal, into any) {
	t.Helper()
	b := d.AppendRefusal([]byte("before"), nil, nil, refused)
	doc, ok := strings.CutPrefix(string(b), "before")
	if err := json.Unmarshal([]byte(doc), into, json.RejectUnknownMembers(true)); err != nil || !ok {
		t.Errorf("%v in %s", err, b)
	}
}

// A success is the bare value.
func TestSuccessIsBare(t *testing.T) {
	for _, d := range []exchange.Dialect{protocols.OIPDialect{}, protocols.MLflowDialect{}} {
		if got := string(d.AppendClosing(append(d.AppendOpening(nil, nil, nil, http.StatusOK), "{}"...))); got != "{}" {
			t.Errorf("%T writes %s", d, got)
		}
	}
}
