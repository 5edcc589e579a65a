package http1_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// answering are handlers that answer in all forms, by what is special about them.
var answering = map[string]http.HandlerFunc{
	"nothing":  func(http.ResponseWriter, *http.Request) {},
	"a little": func(w http.ResponseWriter, _ *http.Request) { write(w, 1, 1) },
	"as much as is kept": func(w http.ResponseWriter, _ *http.Request) {
		write(w, 1024, 2)
	},
	"a little more": func(w http.ResponseWriter, _ *http.Request) { write(w, 2049, 1) },
	"much":          func(w http.ResponseWriter, _ *http.Request) { write(w, 100_000, 3) },
	"nothing, then much": func(w http.ResponseWriter, _ *http.Request) {
		write(w, 0, 1)
		write(w, 5000, 1)
	},
	"a little, then much": func(w http.ResponseWriter, _ *http.Request) {
		write(w, 10, 2)
		write(w, 5000, 2)
	},
	"flushed": func(w http.ResponseWriter, _ *http.Request) {
		flush(w)
		write(w, 10, 1)
	},
	"flushed only": func(w http.ResponseWriter, _ *http.Request) { flush(w) },
	"flushed between": func(w http.ResponseWriter, _ *http.Request) {
		write(w, 10, 1)
		w.(http.Flusher).Flush()
		write(w, 10, 1)
	},
	"a length": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "20")
		write(w, 10, 2)
	},
	"a large length": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100000")
		write(w, 100, 1000)
	},
	"a length at once": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100000")
		write(w, 100_000, 1)
	},
	"a length of what fills a buffer": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "16384")
		write(w, 16384, 1)
	},
	"a length, flushed": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "20")
		write(w, 10, 1)
		flush(w)
		write(w, 10, 1)
	},
	"a length of nothing":             func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "0") },
	"more than its length":            declares("5"),
	"less than its length":            declares("11"),
	"nothing of its length":           func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "5") },
	"less than its length, after all": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "30"); write(w, 10, 2) },
	"a length that is none":           declares("ten"),
	"a negative length":               declares("-10"),
	"204":                             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	"204 with a body": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		w.WriteHeader(http.StatusNoContent)
		if _, err := w.Write([]byte("0123456789")); !errors.Is(err, http.ErrBodyNotAllowed) {
			panic(err)
		}
	},
	"304": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", "10")
		w.Header().Set("Etag", `"x"`)
		w.WriteHeader(http.StatusNotModified)
	},
	"404": http.NotFound,
	"307": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	},
	"two statuses": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
	},
	"a status that is none": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(0) },
	"a status too late": func(w http.ResponseWriter, _ *http.Request) {
		write(w, 10, 1)
		w.WriteHeader(http.StatusTeapot)
	},
	"a field too late": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-A", "1")
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-A", "2")
		w.Header().Set("X-B", "3")
		write(w, 10, 1)
	},
	"a field behind the body": func(w http.ResponseWriter, _ *http.Request) {
		write(w, 10, 1)
		w.Header().Set("X-A", "1")
		w.Header().Set("Content-Length", "20")
	},
	"many fields": func(w http.ResponseWriter, _ *http.Request) {
		for i := range 40 {
			w.Header().Set(fmt.Sprintf("X-%02d", i), strings.Repeat("x", 20*i))
		}
		write(w, 10, 1)
	},
	"a field of 20 kB": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-A", strings.Repeat("x", 20_000))
		write(w, 5000, 3)
	},
	"two values": func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.Header()["x-lower"] = []string{"1"}
	},
	"a value that splits": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-A", "1\r\nX-B: 2\r\n\r\nbody")
	},
	"a name that splits": func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X-A: 1\r\nX-B"] = []string{"2"}
		w.Header()[""] = []string{"3"}
		w.Header()["X C"] = []string{"4"}
	},
	"HTML": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
	"HTML, much": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>"+strings.Repeat("x", 5000))
	},
	"no type": func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		write(w, 10, 1)
	},
	"no date": func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = nil },
	"encoded": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		write(w, 10, 1)
	},
	"an end": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		write(w, 10, 1)
	},
	"no end": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "keep-alive")
		write(w, 10, 1)
	},
	"its own chunks": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Transfer-Encoding", "chunked")
		w.Header().Set("Content-Type", "a/b")
		write(w, 5000, 1)
	},
	"a file": func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.txt", time.Unix(1, 0), strings.NewReader(strings.Repeat("0123456789", 1000)))
	},
	"an abort":                 func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"an abort behind a little": func(w http.ResponseWriter, _ *http.Request) { write(w, 10, 1); panic(http.ErrAbortHandler) },
	"an abort behind a flush": func(w http.ResponseWriter, _ *http.Request) {
		write(w, 10, 1)
		flush(w)
		panic(http.ErrAbortHandler)
	},
	"what was asked": func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		n, again := r.Body.Read(make([]byte, 1))
		closing := r.Body.Close()
		_, closed := r.Body.Read(make([]byte, 1))
		fmt.Fprintf(w, "%s %s %s %s\n%q\n%d %d %q %v\n%d %v %v %v\n%v %t %q %q\n", r.Method, r.RequestURI, r.Proto, r.Host,
			r.Header, r.ContentLength, len(body), body, err, n, again, closing, closed, r.TransferEncoding, r.Close, r.URL, r.URL.RawQuery)
	},
	"a part of the body": func(w http.ResponseWriter, r *http.Request) {
		n, err := io.ReadFull(r.Body, make([]byte, 10))
		fmt.Fprint(w, n, err)
	},
	"the body unread, flushed": func(w http.ResponseWriter, r *http.Request) {
		flush(w)
		n, err := r.Body.Read(make([]byte, 10))
		fmt.Fprint(w, n, err)
	},
	"the body closed": func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Body.Close())
		_, err := r.Body.Read(make([]byte, 10))
		fmt.Fprint(w, err)
	},
	"an end, the body unread": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		write(w, 10, 1)
	},
	"a limited body": func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(nil, r.Body, 20)
		b, err := io.ReadAll(r.Body)
		fmt.Fprint(w, len(b), err)
	},
	"both at once": func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			panic(err)
		}
		write(w, 10, 1)
		flush(w)
		b, err := io.ReadAll(r.Body)
		fmt.Fprint(w, len(b), err)
	},
}

// write writes bytes several times.
func write(w io.Writer, size, times int) {
	for range times {
		_, _ = w.Write(bytes.Repeat([]byte("x"), size))
	}
}

func flush(w http.ResponseWriter) {
	if err := http.NewResponseController(w).Flush(); err != nil {
		panic(err)
	}
}

// declares returns a handler that answers with ten bytes, and declares so many.
func declares(length string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", length)
		w.Header().Set("Content-Type", "text/plain")
		var want error
		if length == "5" {
			want = http.ErrContentLength
		}
		if _, err := w.Write([]byte("0123456789")); !errors.Is(err, want) {
			panic(err)
		}
	}
}
