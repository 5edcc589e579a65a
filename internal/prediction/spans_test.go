package prediction

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"tagifai/model"
)

// naiveSpans is what appendSpans appends, as its definition reads.
func naiveSpans(spans []model.Span, size float64) string {
	s, all := newSum(size), []string{}
	for _, span := range spans {
		all = append(all, fmt.Sprintf(`{"start":%d,"end":%d,"weight":%s}`, span.Start, span.End, s.append(nil, span.Weight)))
	}
	return strings.Join(all, ",")
}

// TestAppendSpans holds spans of one character and others, with weights of all sizes, against the
// naive twin, with room for them and without.
func TestAppendSpans(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var spans []model.Span
		size, start := 0.0, random.IntN(2*len(openings))*random.IntN(2)
		scale := math.Pow(10, float64(random.IntN(14)-6))
		for range random.IntN(100) {
			span := model.Span{Start: start, End: start + 1, Weight: scale * random.NormFloat64()}
			switch random.IntN(10) {
			case 0:
				span.End += random.IntN(300)
			case 1:
				span.Weight = math.Round(span.Weight*1000) / 1000
			case 2:
				span.Weight = 1e-10
			}
			spans = append(spans, span)
			size += math.Abs(span.Weight)
			start = span.End + random.IntN(2)
		}
		want := "before " + naiveSpans(spans, size)
		for _, room := range []int{0, 1, 100, 1000, 10_000} {
			dst := append(make([]byte, 0, 7+room), "before "...)
			if got := string(appendSpans(dst, spans, size)); got != want {
				t.Fatalf("with room for %d bytes, %v are\n%s\nwant\n%s", room, spans, got, want)
			}
		}
	}
}
