package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJoin(t *testing.T) {
	run := func(commit, setup string, series ...*Series) *Results {
		return &Results{
			Environment: &Environment{CPU: "A CPU", Cores: 2, Commit: commit, Packages: []string{"wrk 4"}, LoadBefore: commit, LoadAfter: commit},
			Setup:       []string{"Of all.", setup},
			Series:      series,
		}
	}
	series := func(part Part, name string, values ...float64) *Series {
		r := new(Results)
		for _, value := range values {
			r.Add(part, name, "side", "metric", value)
		}
		return r.Series[0]
	}
	got, err := Join([]*Results{
		run("1", "Of the first.", series("http", "old", 1), series("start", "start", 2)),
		run("2", "Of the second.", series("http", "new", 3, 4)),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &Results{
		Environment: &Environment{CPU: "A CPU", Cores: 2, Commit: "1 and 2", Packages: []string{"wrk 4"}, LoadBefore: "1", LoadAfter: "2"},
		Setup:       []string{"Of all.", "Of the first.", "Of the second."},
		Series:      []*Series{series("start", "start", 2), series("http", "new", 3, 4)},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}

	other := run("1", "")
	other.Environment.Cores = 4
	if _, err := Join([]*Results{run("1", ""), other}); err == nil || !strings.Contains(err.Error(), "different machines") {
		t.Errorf("two machines: got %v", err)
	}
}
