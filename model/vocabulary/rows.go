package vocabulary

// rows are those of numbers that a text's n-grams add up. The first number of a row is
// what an n-gram adds to the norm; behind it are idf × coefficient, one for each row of
// coefficients.
type rows struct {
	sums  []float64 // one row behind the other
	width int
}

func (r *rows) row(i uint32) []float64 { return r.sums[int(i)*r.width:][:r.width] }

// extendRow makes row i the sum of the row of its parent and of what the n-gram of a column
// adds.
func (r *rows) extendRow(i, parent uint32, from *Source, column int) {
	idf := 1.0
	if from.IDF != nil {
		idf = from.IDF[column]
	}
	row, before := r.row(i), r.row(parent)
	row[0] = before[0] + from.Vectorizer.Norm.Power(idf)
	for k := 1; k < len(row); k++ {
		row[k] = before[k] + idf*from.Coefficients[column]
		column += from.Stride
	}
}

// fill makes row i that of the n-gram of column i.
func (r *rows) fill(from *Source) {
	n, width := len(r.sums)/r.width, r.width
	for i := range n {
		idf := 1.0
		if from.IDF != nil {
			idf = from.IDF[i]
		}
		r.sums[i*width] = from.Vectorizer.Norm.Power(idf)
		for k := range width - 1 {
			r.sums[i*width+1+k] = idf * from.Coefficients[k*from.Stride+i]
		}
	}
}

// firstColumns are the columns that add and addWeighted go through at once: the norm and
// the rows of up to four classes. Their totals stay in registers, and none waits for
// another.
const firstColumns = 5

// add adds to totals the rows that walkers are at.
func (r *rows) add(totals []float64, list []walker) {
	column, width := 0, r.width
	if width >= firstColumns {
		// The two ends of a row, which may be in two cache lines, come first: the processor
		// waits for as many rows at once as it sees ahead of itself, and of a shorter loop
		// it sees more. That takes 6 to 10 % off texts of 140 characters with a million n-grams.
		sums := r.sums
		var a, b, c, d, e float64
		for _, w := range list {
			first := int(w.at) * width
			e += sums[first+4]
			a += sums[first]
		}
		for _, w := range list {
			first := int(w.at) * width
			d += sums[first+3]
			c += sums[first+2]
			b += sums[first+1]
		}
		totals[0] += a
		totals[1] += b
		totals[2] += c
		totals[3] += d
		totals[4] += e
		column = firstColumns
	}
	for ; column+4 <= width; column += 4 {
		var a, b, c, d float64
		for _, w := range list {
			row := (*[4]float64)(r.sums[int(w.at)*width+column:])
			a += row[0]
			b += row[1]
			c += row[2]
			d += row[3]
		}
		totals[column] += a
		totals[column+1] += b
		totals[column+2] += c
		totals[column+3] += d
	}
	for ; column < width; column++ {
		a := 0.0
		for _, w := range list {
			a += r.sums[int(w.at)*width+column]
		}
		totals[column] += a
	}
}

// A weighted row is one that is added several times.
type weightedRow struct {
	row         uint32
	norm, times float64 // what its first number is multiplied by, and what the others
}

// addWeighted adds to totals these rows, each multiplied by its weights.
func (r *rows) addWeighted(totals []float64, list []weightedRow) {
	width := r.width
	column := 1
	switch {
	case width >= firstColumns:
		var a, b, c, d, e float64
		for i := range list {
			w := &list[i]
			row := (*[firstColumns]float64)(r.sums[int(w.row)*width:])
			a += w.norm * row[0]
			b += w.times * row[1]
			c += w.times * row[2]
			d += w.times * row[3]
			e += w.times * row[4]
		}
		totals[0] += a
		totals[1] += b
		totals[2] += c
		totals[3] += d
		totals[4] += e
		column = firstColumns
	case width == firstColumns-1: // three classes: 6 % off 140 characters, with n-grams of up to 7
		var a, b, c, d float64
		for i := range list {
			w := &list[i]
			row := (*[firstColumns - 1]float64)(r.sums[int(w.row)*width:])
			a += w.norm * row[0]
			b += w.times * row[1]
			c += w.times * row[2]
			d += w.times * row[3]
		}
		totals[0] += a
		totals[1] += b
		totals[2] += c
		totals[3] += d
		column = firstColumns - 1
	default:
		for i := range list {
			totals[0] += list[i].norm * r.sums[int(list[i].row)*width]
		}
	}
	for ; column+4 <= width; column += 4 {
		var a, b, c, d float64
		for i := range list {
			w := &list[i]
			row := (*[4]float64)(r.sums[int(w.row)*width+column:])
			a += w.times * row[0]
			b += w.times * row[1]
			c += w.times * row[2]
			d += w.times * row[3]
		}
		totals[column] += a
		totals[column+1] += b
		totals[column+2] += c
		totals[column+3] += d
	}
	for ; column < width; column++ {
		a := 0.0
		for i := range list {
			a += list[i].times * r.sums[int(list[i].row)*width+column]
		}
		totals[column] += a
	}
}
