package classify_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/memory"
	"tagifai/internal/server/exchange"
)

// The rules for texts are those of every protocol; where a text is, its parser says.
func TestReadTexts(t *testing.T) {
	d := newDesk(t, func(c *config.Settings) { c.MaxTexts, c.MaxTextLength = 3, 4 })
	tests := []struct {
		name  string
		texts []string
		want  string
	}{
		{"one", []string{"a"}, "ok"},
		{"as many as may be", []string{"a", "b", "c"}, "ok"},
		{"as long as may be", []string{"éééé"}, "ok"},
		{"none", nil, "the body has no text"},
		{"an empty one", []string{"a", ""}, "is empty"},
		{"one too many", []string{"a", "b", "c", "d"}, "is one text more than the limit of 3"},
		{"one too long", []string{"ééééé"}, "is longer than the limit of 4 characters"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := d.handle(t, post("the body"), func(e *exchange.Exchange, r *http.Request) error {
				p, err := d.ReadTexts(e, r, 1, func(body []byte, add func(string) error) error {
					if string(body) != "the body" {
						t.Errorf("the body is %q", body)
					}
					for _, text := range test.texts {
						if err := add(text); err != nil {
							return err
						}
					}
					return nil
				})
				if err == nil && len(p.Texts) != len(test.texts) {
					t.Errorf("got %v", p.Texts)
				}
				return err
			})
			if diff := cmp.Diff(words(err), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The body is given back before the texts are worked on, and what they take is counted: a
// client could have a list of many empty rows made of a small body.
func TestReadTextsCounts(t *testing.T) {
	d := newDesk(t, func(c *config.Settings) { c.MaxHeldBytes, c.MaxTexts = 1<<20, 1<<20 })
	added := 0
	err := d.handle(t, post("small"), func(e *exchange.Exchange, r *http.Request) error {
		_, err := d.ReadTexts(e, r, 1, func(_ []byte, add func(string) error) error {
			for {
				if err := add("a"); err != nil {
					return err
				}
				added++
			}
		})
		return err
	})
	if !errors.Is(err, memory.ErrTooLarge) || added == 0 || added*32 > 1<<20 {
		t.Errorf("got %v after %d texts", err, added)
	}
}

// That texts are much work may show only when they are parsed. Then they leave their place to
// others.
func TestManyTextsInLists(t *testing.T) {
	d := newDesk(t)
	places := func() [2]int { return [2]int{d.admission.Turns.Taken(), d.admission.Long.Taken()} }
	err := d.handle(t, post(strings.Repeat(`["a"],`, 1001)), func(e *exchange.Exchange, r *http.Request) error {
		p, err := d.ReadTexts(e, r, 1, func(body []byte, add func(string) error) error {
			for range strings.Count(string(body), "a") {
				if err := add("a"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if got, want := places(), [2]int{1, 0}; got != want {
			t.Errorf("parsed: places %v are taken, want %v", got, want)
		}
		if err := d.Classify(e, r, p, nil, p); err != nil {
			return err
		}
		if got, want := places(), [2]int{0, 1}; got != want {
			t.Errorf("classified: places %v are taken, want %v", got, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
