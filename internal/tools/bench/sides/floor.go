package sides

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
)

// A floor is what HTTP costs without a classifier: it reads the body of POST /predict
// and answers with bytes that were given to it. Router, settings of the server and
// headers are those of the service; it logs nothing.
type floor struct {
	answer atomic.Pointer[floorAnswer]
}

type floorAnswer struct {
	body   []byte
	length []string
}

var (
	floorType    = []string{"application/json"}
	floorNoSniff = []string{"nosniff"}

	floorID = []string{"0123456789abcdef0123456789abcdef"} // as long as one of the service
)

func newFloor() *floor {
	f := new(floor)
	f.set(nil)
	return f
}

func (f *floor) set(body []byte) {
	f.answer.Store(&floorAnswer{body, []string{strconv.Itoa(len(body))}})
}

func (f *floor) handler() http.Handler {
	mux := chi.NewRouter()
	mux.Get("/", func(http.ResponseWriter, *http.Request) {})
	mux.Put("/answer", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		f.set(body)
	})
	mux.Post("/predict", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer, header := f.answer.Load(), w.Header()
		header["X-Request-Id"] = floorID
		header["X-Content-Type-Options"] = floorNoSniff
		header["Content-Type"] = floorType
		header["Content-Length"] = answer.length
		_, _ = w.Write(answer.body)
	})
	return mux
}

// ServeFloor serves a floor until ctx ends.
func ServeFloor(ctx context.Context, addr string) error {
	s := http.Server{
		Addr:                         addr,
		Handler:                      newFloor().handler(),
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  30 * time.Second,
		WriteTimeout:                 60 * time.Second,
		IdleTimeout:                  120 * time.Second,
		MaxHeaderBytes:               64 << 10,
	}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	err := s.ListenAndServe()
	if ctx.Err() != nil {
		return nil
	}
	return err
}
