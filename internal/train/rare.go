package train

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tagifai/internal/dataset"
	"tagifai/internal/recipe"
	"tagifai/model"
)

// Folded are the tags that count as other, with the number of their rows.
type Folded struct {
	NotAccepted map[string]int // by accepted_tags
	Rare        map[string]int // by min_freq
}

// fold changes tags into other as the arguments want it.
func fold(rows []dataset.Row, args *recipe.Args) (Folded, error) {
	f := Folded{make(map[string]int), make(map[string]int)}
	frequency := make(map[string]int)
	for i := range rows {
		tag := &rows[i].Tag
		if *tag != model.Other && args.AcceptedTags != nil && !slices.Contains(args.AcceptedTags, *tag) {
			f.NotAccepted[*tag]++
			*tag = model.Other
		}
		frequency[*tag]++
	}
	if len(frequency) < 2 {
		return f, fmt.Errorf("the %d rows have %d classes (%q), at least 2 are wanted", len(rows), len(frequency), slices.Collect(maps.Keys(frequency)))
	}
	hit := 0
	for i := range rows {
		if tag := &rows[i].Tag; *tag != model.Other && frequency[*tag] < args.MinFreq {
			hit++
			f.Rare[*tag]++
			*tag = model.Other
		}
	}
	left := len(frequency) - len(f.Rare)
	if _, had := frequency[model.Other]; !had && hit > 0 {
		left++
	}
	if left >= 2 && !tooMany(hit, len(rows)) {
		return f, nil
	}
	consequence := fmt.Sprintf("more than a tenth of the %d rows", len(rows))
	if left < 2 {
		consequence = fmt.Sprintf("and leaves no other class to the %d rows", len(rows))
	}
	remedy := "name the tags to keep in accepted_tags"
	if lower := highestMinFreq(frequency, len(rows)); lower >= smallestClass {
		remedy = fmt.Sprintf("lower it with --set min_freq=%d, or %s", lower, remedy)
	}
	return f, fmt.Errorf("min_freq = %d makes %d rows %s, %s: %s; %s", args.MinFreq, hit, model.Other, consequence, listTags(f.Rare), remedy)
}

// tooMany reports whether more than a tenth of the rows are hit.
func tooMany(hit, rows int) bool { return 10*hit > rows }

// highestMinFreq returns the highest min_freq that keeps two classes and nine rows of ten.
func highestMinFreq(frequency map[string]int, rows int) int {
	var ascending []int
	for tag, n := range frequency {
		if tag != model.Other {
			ascending = append(ascending, n)
		}
	}
	slices.Sort(ascending)
	highest, hit := ascending[0], 0
	_, other := frequency[model.Other]
	for i, n := range ascending {
		kept := len(ascending) - i
		if other || i > 0 {
			kept++
		}
		if tooMany(hit, rows) || kept < 2 {
			break
		}
		highest = n
		hit += n
	}
	return highest
}

// listTags lists tags with their numbers of rows: "audio 12, video 3".
func listTags(frequency map[string]int) string {
	var list []string
	for _, tag := range slices.Sorted(maps.Keys(frequency)) {
		list = append(list, fmt.Sprintf("%s %d", tag, frequency[tag]))
	}
	return strings.Join(list, ", ")
}

// Lines returns a line about each kind of tags that count as other.
func (f *Folded) Lines(args *recipe.Args) []string {
	var lines []string
	if len(f.NotAccepted) > 0 {
		lines = append(lines, fmt.Sprintf("tags that count as %s, since accepted_tags does not name them: %s", model.Other, listTags(f.NotAccepted)))
	}
	if len(f.Rare) > 0 {
		lines = append(lines, fmt.Sprintf("tags that count as %s, since they have fewer than min_freq = %d rows: %s", model.Other, args.MinFreq, listTags(f.Rare)))
	}
	return lines
}

// counts returns the number of rows of each tag that counts as other.
func (f *Folded) counts() map[string]int {
	all := maps.Clone(f.NotAccepted)
	maps.Copy(all, f.Rare)
	return all
}
