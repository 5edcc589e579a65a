package sides

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPeers asks each peer for two texts, and reads what it has answered.
func TestPeers(t *testing.T) {
	dir := t.TempDir()
	peers := Peers{Dir: dir}
	if got := peers.Sides(); len(got) > 0 {
		t.Fatalf("got %d sides, want none: nothing is installed", len(got))
	}
	for _, name := range PeerNames {
		env := peers.env(name)
		if err := errors.Join(os.Mkdir(env, 0o777), os.WriteFile(filepath.Join(env, "installed"), []byte("12345"), 0o666)); err != nil {
			t.Fatal(err)
		}
		if got := peers.Version(name); len(strings.Split(got, ".")) < 3 {
			t.Errorf("%s: got version %s", name, got)
		}
		if size, err := peers.Size(name); size != 5 || err != nil {
			t.Errorf("%s: got %d bytes, %v, want 5", name, size, err)
		}
	}
	all := peers.Sides()
	texts := []string{"a", `"b"`}
	rows := [][]float64{{0.25, 0.75}, {1, 0}}
	for name, c := range map[string]struct{ body, answer string }{
		MLServer: {
			`{"inputs":[{"name":"text","datatype":"BYTES","shape":[2,1],"parameters":{"content_type":"str"},"data":["a","\"b\""]}],"outputs":[{"name":"predict_proba"}]}`,
			`{"model_name":"tagifai","outputs":[{"name":"predict_proba","shape":[2,2],"datatype":"FP64","data":[0.25,0.75,1.0,0.0]}]}`,
		},
		MLflow:   {`{"inputs":["a","\"b\""]}`, `{"predictions": [[0.25, 0.75], [1.0, 0.0]]}`},
		BentoML:  {`{"texts":["a","\"b\""]}`, `[[0.25,0.75],[1.0,0.0]]`},
		LitServe: {`{"texts":["a","\"b\""]}`, `{"predictions":[[0.25,0.75],[1.0,0.0]]}`},
	} {
		s := all[slices.Index(PeerNames, name)]
		if s.Name != name {
			t.Fatalf("got %s, want %s", s.Name, name)
		}
		body, err := s.Body(texts)
		if err != nil {
			t.Fatal(err)
		}
		if body != c.body {
			t.Errorf("%s: got body %s, want %s", name, body, c.body)
		}
		got, err := s.Dialect.Probabilities([]byte(c.answer))
		if diff := cmp.Diff(got, rows); err != nil || diff != "" {
			t.Errorf("%s: %v (-got +want):\n%s", name, err, diff)
		}
		if _, err := s.Dialect.Probabilities([]byte("<html>")); err == nil {
			t.Errorf("%s: what is no JSON: got no error", name)
		}
	}
	for answer, want := range map[string]string{
		`{"outputs":[]}`: "not one output",
		`{"outputs":[{"shape":[2,2],"data":[1,2,3]}]}`:   "3 numbers are not of the shape [2 2]",
		`{"outputs":[{"shape":[-1,-3],"data":[1,2,3]}]}`: "not of the shape",
	} {
		if _, err := ofInfer([]byte(answer)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", answer, err, want)
		}
	}
}

// TestBody is the request of this service.
func TestBody(t *testing.T) {
	body, err := Side{}.Body([]string{"a"})
	if want := `{"texts":[{"text":"a"}]}`; body != want || err != nil {
		t.Errorf("got %s, %v, want %s", body, err, want)
	}
}
