// Package spelling finds what a misspelt name was meant to be.
package spelling

// Nearest returns the one of the known names that is most like name, or "" if none is
// like it.
func Nearest(name string, known []string) string {
	nearest, least := "", len(name)/3+1
	for _, k := range known {
		if d := distance(name, k); d < least {
			nearest, least = k, d
		}
	}
	return nearest
}

// distance returns how many bytes have to be added, removed or replaced to turn a into
// b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
