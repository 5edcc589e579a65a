package classify_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/gate"
	"tagifai/internal/jsonbody"
	"tagifai/internal/memory"
	"tagifai/internal/server/exchange"
)

const oneText = `{"texts":[{"text":"CNNs for image segmentation."}]}`

// words returns what is wrong with a payload, as the client is told, "ok" if nothing is, and
// else the error.
func words(err error) string {
	if err == nil {
		return "ok"
	}
	if invalid, ok := errors.AsType[*jsonbody.InvalidError](err); ok {
		return exchange.Refusal{Items: invalid.Items}.Text()
	}
	return err.Error()
}

func TestReadPayload(t *testing.T) {
	d := newDesk(t, func(c *config.Settings) { c.MaxBodyBytes, c.MaxTexts, c.MaxTextLength = 200, 2, 10 })
	tests := []struct{ name, kind, body, want string }{
		{"a text", "application/json", `{"texts":[{"text":"a"}]}`, "ok"},
		{"no type", "", `{"texts":[{"text":"a"}]}`, "ok"},
		{"another type", "text/plain", `{"texts":[{"text":"a"}]}`, "body: value is not a valid dict"},
		{"nothing", "application/json", ``, "body: field required"},
		{"no texts", "application/json", `{"texts":[]}`, "body.texts: List of texts to classify cannot be empty."},
		{"no list", "application/json", `{"texts":"a"}`, "body.texts: value is not a valid list"},
		{"wrong types, all of them", "application/json", `{"texts":[1,{"text":[]}]}`, "body.texts.0: value is not a valid dict; body.texts.1.text: str type expected"},
		{"an empty text", "application/json", `{"texts":[{"text":"a"},{"text":""}]}`, "body.texts.1.text: ensure this value has at least 1 characters"},
		{"as long as may be", "application/json", `{"texts":[{"text":"éééééééééé"}]}`, "ok"},
		{"too long", "application/json", `{"texts":[{"text":"ééééééééééé"}]}`, "body.texts.0.text: ensure this value has at most 10 characters"},
		{"too many", "application/json", `{"texts":[{"text":"a"},{"text":"b"},{"text":"c"}]}`, "body.texts: ensure this value has at most 2 items"},
		{"as large as may be", "application/json", `{"texts":[{"text":"a"}]}` + strings.Repeat(" ", 176), "ok"},
		{"too large", "application/json", `{"texts":[{"text":"a"}]}` + strings.Repeat(" ", 177), "http: request body too large"},
		{"UTF-16", "application/json", "\xff\xfe" + strings.Join(strings.Split(`{"texts":[{"text":"a"}]}`, ""), "\x00") + "\x00", "ok"},
		{"no UTF-8", "application/json", "{\"texts\":[{\"text\":\"\xff\"}]}", "the body is not text or stopped before its end: not UTF-8"},
		{"half of a character", "application/json", "{\"texts\":[{\"text\":\"\xc3\"}]}", "the body is not text or stopped before its end: not UTF-8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, length := range []string{"known", "unknown"} {
				r := post(test.body)
				if r.Header.Set("Content-Type", test.kind); length == "unknown" {
					r.ContentLength = -1
				}
				if diff := cmp.Diff(words(d.read(t, r)), test.want); diff != "" {
					t.Errorf("of %s length: %s", length, diff)
				}
			}
		})
	}
}

// occupyLong takes the only place for much work.
func occupyLong(t *testing.T, d *desk) {
	t.Helper()
	if err := d.admission.Long.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// What keeps a body from being read, or from being worked on.
func TestBodyIsRefused(t *testing.T) {
	const large, allowance = 1 << 20, 4 << 20
	// others hold all but so many bytes of what is for large requests.
	others := func(t *testing.T, d *desk, left int) {
		t.Helper()
		if err := d.exchanges.Allowance.Resize(new(memory.Share), allowance/8*7+memory.FreeBytes-left); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name    string
		body    io.Reader
		prepare func(*testing.T, *desk, *http.Request)
		want    error
	}{
		{"no place in the queue, unread", iotest.ErrReader(io.ErrUnexpectedEOF), func(t *testing.T, d *desk, _ *http.Request) {
			t.Helper()
			if err := d.admission.Turns.Enter(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, gate.ErrFull},
		{"much work and no place for it, by its header", iotest.ErrReader(io.ErrUnexpectedEOF), func(t *testing.T, d *desk, r *http.Request) {
			t.Helper()
			occupyLong(t, d)
			r.ContentLength = 200 << 10
		}, gate.ErrFull},
		{"many texts and no place for them, unparsed", strings.NewReader(strings.Repeat(`{"text":"a"},`, 1001)), func(t *testing.T, d *desk, _ *http.Request) {
			t.Helper()
			occupyLong(t, d)
		}, gate.ErrFull},
		{"more than others leave, by its header", strings.NewReader(oneText), func(t *testing.T, d *desk, r *http.Request) {
			t.Helper()
			others(t, d, large)
			r.ContentLength = large
		}, memory.ErrHeld},
		{"more than others leave", strings.NewReader(strings.Repeat(" ", large)), func(t *testing.T, d *desk, _ *http.Request) {
			t.Helper()
			others(t, d, large/2)
		}, memory.ErrHeld},
		{"another coding", strings.NewReader(oneText), coded("br"), jsonbody.ErrEncoded},
		{"two codings", strings.NewReader(oneText), coded("gzip, gzip"), jsonbody.ErrEncoded},
		{"no gzip", strings.NewReader(oneText), coded("gzip"), jsonbody.ErrUnreadable},
		{"no zstd", strings.NewReader(oneText), coded("zstd"), jsonbody.ErrUnreadable},
		{"no room for what inflates it", strings.NewReader(oneText), func(t *testing.T, d *desk, r *http.Request) {
			t.Helper()
			others(t, d, large)
			r.Header.Set("Content-Encoding", "zstd")
		}, memory.ErrHeld},
		{"too slow", iotest.ErrReader(fmt.Errorf("read: %w", os.ErrDeadlineExceeded)), nil, os.ErrDeadlineExceeded},
		{"broken off", io.MultiReader(strings.NewReader(oneText[:20]), iotest.ErrReader(io.ErrUnexpectedEOF)), nil, jsonbody.ErrUnreadable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t, func(c *config.Settings) {
				c.MaxInFlight, c.MaxQueued, c.MaxBodyBytes, c.MaxHeldBytes = 1, 0, large, allowance
			})
			r := httptest.NewRequest(http.MethodPost, "/", test.body)
			if test.prepare != nil {
				test.prepare(t, d, r)
			}
			if err := d.read(t, r); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func coded(coding string) func(*testing.T, *desk, *http.Request) {
	return func(_ *testing.T, _ *desk, r *http.Request) { r.Header.Set("Content-Encoding", coding) }
}

// A client that goes while its request waits is not waited for.
func TestClientGoneInQueue(t *testing.T) {
	d := newDesk(t, func(c *config.Settings) { c.MaxInFlight, c.MaxQueued = 1, 1 })
	if err := d.admission.Turns.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.read(t, post(oneText).WithContext(gone(t))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
