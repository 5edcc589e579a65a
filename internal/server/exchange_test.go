package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"

	"tagifai/internal/server"
)

// A roundTrip is what went over the wire for one request.
type roundTrip struct {
	request  *http.Request
	sent     []byte
	pattern  string // of the route; "" if there is none
	params   map[string]string
	status   int
	header   http.Header
	answered []byte
	coded    bool // the body was compressed
}

// checkExchanges holds every request and every answer of a service against the
// document. All tests start their services through it, so that it sees whatever
// a test sends, by whatever client.
func checkExchanges(t *testing.T, s *server.Server) {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	s.Wrap(func(next http.Handler, routes chi.Routes) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorded := recorder{ResponseWriter: w, status: http.StatusOK}
			var sent bytes.Buffer
			route := chi.NewRouteContext()
			route.Routes = routes
			seen := r.WithContext(context.WithValue(r.Context(), chi.RouteCtxKey, route))
			seen.Body = struct {
				io.Reader
				io.Closer
			}{io.TeeReader(r.Body, &sent), r.Body}
			coded := r.Header.Get("Content-Encoding") != ""
			next.ServeHTTP(&recorded, seen)
			if recorded.broken || recorded.status == 499 { // the client is gone, and with it the rest of the answer
				return
			}

			params := map[string]string{}
			for i, name := range route.URLParams.Keys {
				params[strings.Replace(name, "*", "id", 1)] = route.URLParams.Values[i]
			}
			e := roundTrip{r, sent.Bytes(), documentedPath(route.RoutePattern()), params, recorded.status, w.Header(), recorded.body.Bytes(), coded}
			if err := e.check(doc); err != nil {
				t.Errorf("%s %s: %d is not what the document says: %v", r.Method, r.URL, e.status, err)
			}
		})
	})
}

// documentedPath returns the path in the document for the pattern of a route: an id may
// have slashes.
func documentedPath(pattern string) string {
	if below, ok := strings.CutSuffix(pattern, "/predictions/*"); ok {
		return below + "/predictions/{id}"
	}
	return pattern
}

// recorder keeps what is written through it.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	broken bool
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.body.Write(p)
	n, err := r.ResponseWriter.Write(p)
	r.broken = r.broken || err != nil
	return n, err
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// beyondSchema matches what can be wrong with a body that is as the schema says:
// the limits are settings, half of a surrogate pair is not known to schemas, and what
// the model has is not either.
var beyondSchema = regexp.MustCompile(`"type":"value_error\.(list\.max_items|any_str\.max_length|jsondecode|no_probabilities|unknown_class)"`)

// isQuery reports whether a query is one to Go, and so to the validator, which
// passes over what is not. The service reads it as Python does.
func isQuery(raw string) bool {
	_, err := url.ParseQuery(raw)
	return err == nil
}

// check holds an exchange against the document.
func (e *roundTrip) check(doc *openapi3.T) error {
	item := doc.Paths.Value(e.pattern)
	if item == nil && e.pattern != "" {
		return nil // a page or a test's own route; TestDocumentHasAllRoutes says which
	}
	if e.request.URL.Path == "/bare" || strings.HasPrefix(e.request.URL.Path, "/bare/") {
		return nil // a test's own dialect
	}
	if e.header.Get("Content-Encoding") != "" {
		return nil // compressed by a test's own middleware
	}
	var operation *openapi3.Operation
	if item != nil {
		operation = item.GetOperation(strings.Replace(e.request.Method, http.MethodHead, http.MethodGet, 1))
	}
	if e.request.Method == http.MethodOptions && e.request.Header.Get("Access-Control-Request-Method") != "" {
		return nil // a browser's question before the request; no document tells of these
	}
	if operation == nil {
		return e.checkOutside(doc)
	}
	if e.coded && e.status == http.StatusOK {
		return nil // the body is not what the document describes
	}
	request := e.request.Clone(e.request.Context())
	request.Body = io.NopCloser(bytes.NewReader(e.sent))
	// The service also reads JSON under these names, as the document says in words.
	if request.Header.Get("Inference-Header-Content-Length") != "" {
		request.Header.Set("Content-Type", "application/octet-stream")
	} else if name := strings.ToLower(request.Header.Get("Content-Type")); name == "" || strings.HasPrefix(e.pattern, "/v2/") || name == "application/json" || strings.Contains(name, "+json") {
		request.Header.Set("Content-Type", "application/json")
	}
	input := &openapi3filter.RequestValidationInput{
		Request:     request,
		QueryParams: request.URL.Query(),
		PathParams:  e.params,
		Route:       &routers.Route{Spec: doc, Path: e.pattern, PathItem: item, Method: request.Method, Operation: operation},
		Options:     &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, ExcludeResponseBody: request.Method == http.MethodHead},
	}
	switch e.status {
	case http.StatusOK:
		if err := openapi3filter.ValidateRequest(request.Context(), input); err != nil {
			return fmt.Errorf("the request: %w", err)
		}
	case http.StatusUnprocessableEntity:
		if !beyondSchema.Match(e.answered) && isQuery(e.request.URL.RawQuery) && openapi3filter.ValidateRequest(request.Context(), input) == nil {
			return fmt.Errorf("the request: it is valid, but was refused with %s", e.answered)
		}
	}
	return openapi3filter.ValidateResponse(request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 e.status,
		Header:                 e.header,
		Body:                   io.NopCloser(bytes.NewReader(e.answered)),
		Options:                input.Options,
	})
}

// checkOutside checks an answer to what the document has no operation for: the
// description of the tag General says which there are.
func (e *roundTrip) checkOutside(doc *openapi3.T) error {
	switch e.status {
	case http.StatusTemporaryRedirect:
		if e.header.Get("Location") == "" {
			return fmt.Errorf("no Location")
		}
		return nil
	case http.StatusMethodNotAllowed:
		if e.header.Get("Allow") == "" {
			return fmt.Errorf("no Allow")
		}
	case http.StatusUnauthorized:
		if e.header.Get("Www-Authenticate") == "" {
			return fmt.Errorf("no WWW-Authenticate")
		}
	case http.StatusTooManyRequests:
		if e.header.Get("Retry-After") == "" {
			return fmt.Errorf("no Retry-After")
		}
	case http.StatusNotFound:
	default:
		return fmt.Errorf("no route has the path")
	}
	if e.request.Method == http.MethodHead {
		return nil
	}
	var body any
	if err := json.Unmarshal(e.answered, &body); err != nil {
		return err
	}
	return doc.Components.Schemas[problemAt(e.request.URL.Path)].Value.VisitJSON(body)
}

// problemAt returns the schema of an error at a path.
func problemAt(path string) string {
	for at, schema := range map[string]string{"/v2": "OIPError", "/invocations": "MLflowError", "/ping": "MLflowError", "/health": "MLflowError", "/version": "MLflowError"} {
		if path == at || strings.HasPrefix(path, at+"/") {
			return schema
		}
	}
	return "Problem"
}
