package http1_test

import (
	"bufio"
	"bytes"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/http1"
)

// FuzzHead holds what is ordinary against its naive twin, net/http: both are to read the same,
// also behind another request, and however the bytes come.
func FuzzHead(f *testing.F) {
	for _, request := range foreign {
		f.Add([]byte(get), []byte(request))
		f.Add([]byte(request), []byte(get))
	}
	f.Add([]byte(post("abc", "Accept: a", "accept:\tb ", "Connection: Keep-Alive", "X:")), []byte(post("", "Cookie: a=b; c")))
	f.Add([]byte("GET /a/../%2e?b=c&d=%20;e HTTP/1.1\r\nHOST:[::1]:80\r\ncontent-length:0\r\n\r\n"), []byte(get))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		reader := http1.NewReader()
		for _, sent := range [][]byte{first, second} {
			if len(sent) > 4096 {
				return
			}
			got, ordinary, _ := reader.Read(sent)
			if !ordinary {
				continue
			}
			twin := bufio.NewReaderSize(bytes.NewReader(sent), len(sent)+16)
			r, err := http.ReadRequest(twin)
			if err != nil {
				t.Fatalf("%q: http.ReadRequest: %v", sent, err)
			}
			want := http1.Head{
				Method: r.Method, Target: r.RequestURI, Host: r.Host, URL: *r.URL,
				Length: r.ContentLength, Header: r.Header, Size: len(sent) - twin.Buffered(),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q: want - and got +\n%s", sent, diff)
			}
			if r.Proto != "HTTP/1.1" || r.Close || r.TransferEncoding != nil || r.Trailer != nil {
				t.Errorf("%q: of %s, close %t, %q, trailer %q", sent, r.Proto, r.Close, r.TransferEncoding, r.Trailer)
			}
			for size := range got.Size {
				if _, ordinary, may := http1.NewReader().Read(sent[:size]); ordinary || !may {
					t.Errorf("%q: after %d bytes: ordinary: %t, may be: %t", sent, size, ordinary, may)
				}
			}
		}
	})
}
