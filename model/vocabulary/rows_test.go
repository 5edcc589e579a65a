package vocabulary

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestAddRows holds the sums of rows of any width against those of one number after the other.
func TestAddRows(t *testing.T) {
	const n = 50
	random := rand.New(rand.NewPCG(4, 4))
	for width := 1; width <= 3*firstColumns; width++ {
		r := rows{make([]float64, n*width), width}
		for i := range r.sums {
			r.sums[i] = float64(random.IntN(1 << 20)) // whose sums are exact
		}
		for _, many := range []int{0, 1, 2, 149} {
			walkers, weighted := make([]walker, many), make([]weightedRow, many)
			want, wantWeighted := make([]float64, width), make([]float64, width)
			for i := range many {
				walkers[i].at = random.Uint32N(n)
				weighted[i] = weightedRow{random.Uint32N(n), float64(random.IntN(9) - 4), float64(random.IntN(9) - 4)}
				for column := range width {
					want[column] += r.row(walkers[i].at)[column]
					factor := weighted[i].times
					if column == 0 {
						factor = weighted[i].norm
					}
					product := factor * r.row(weighted[i].row)[column]
					wantWeighted[column] += product
				}
			}
			got, gotWeighted := make([]float64, width), make([]float64, width)
			r.add(got, walkers)
			r.addWeighted(gotWeighted, weighted)
			if !slices.Equal(got, want) {
				t.Errorf("%d rows of %d: add gives %v, want %v", many, width, got, want)
			}
			if !slices.Equal(gotWeighted, wantWeighted) {
				t.Errorf("%d rows of %d: addWeighted gives %v, want %v", many, width, gotWeighted, wantWeighted)
			}
		}
	}
}
