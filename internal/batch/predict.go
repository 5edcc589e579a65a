package batch

import (
	"crypto/sha256"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// predict sets the results of a chunk.
func (j *Job) predict(c *chunk, out sink) {
	first := c.after.Row - int64(len(c.rows)) + 1 // the number of the first row
	c.tally.Tags = make(map[string]int64)
	var last map[string]int // the last row with an id
	if out.upserts() {
		last = make(map[string]int, len(c.rows))
	}
	for i := range c.rows {
		r := &c.rows[i]
		check(r, j.Columns)
		if r.id == "" {
			if r.id = strconv.FormatInt(first+int64(i), 10); j.Columns.ID != "" {
				r.id = "#" + r.id
			}
		}
		if last != nil {
			last[j.key(r)] = i
		}
	}
	for i := range c.rows {
		r := &c.rows[i]
		if !j.Shard.has(r.id) {
			continue
		}
		c.text = append(c.text[:0], r.text...)
		res := result{row: r, at: c.at.Add(time.Duration(i) * time.Microsecond), sum: sha256.Sum256(c.text)}
		c.tally.Rows++
		if r.bad != "" {
			c.tally.Errors++
		} else {
			if j.Probabilities && j.Model.HasProbabilities() {
				res.probabilities = make([]float64, len(j.Model.Classes()))
			}
			a := j.Model.Classify(r.text, res.probabilities, nil)
			if res.tag, res.probability = j.Model.Class(a.Class), a.Confidence; !j.Model.HasProbabilities() {
				res.probability = math.NaN()
			}
			c.tally.Tags[res.tag]++
			if j.Predicted != nil {
				j.Predicted(r.text, a)
			}
		}
		if last == nil || last[j.key(r)] == i {
			c.results = out.append(c.results, &res)
		}
	}
	c.results = out.seal(c.results)
	clear(c.rows) // what they refer to is not needed any more
}

// key is what two rows of a table cannot have both.
func (j *Job) key(r *row) string {
	if j.History {
		return r.id + "\x00" + r.text
	}
	return r.id
}

// check makes a bad row of one that cannot be predicted, or not be kept everywhere.
func check(r *row, columns Columns) {
	bad := func(format string, args ...any) {
		if r.bad == "" {
			r.bad = fmt.Sprintf(format, args...)
		}
	}
	switch {
	case strings.IndexByte(r.id, 0) >= 0:
		r.id = ""
		bad("the id has a NUL")
	case !utf8.ValidString(r.id):
		r.id = ""
		bad("the id is not UTF-8")
	case r.id == "" && columns.ID != "":
		bad("there is no id")
	}
	for i := range r.keep {
		switch v := &r.keep[i]; {
		case v.kind == jsonValue && strings.Contains(v.text, `\u0000`), strings.IndexByte(v.text, 0) >= 0:
			*v = value{kind: nullValue}
			bad("the column %s has a NUL", columns.Keep[i])
		case !utf8.ValidString(v.text):
			*v = value{kind: nullValue}
			bad("the column %s is not UTF-8", columns.Keep[i])
		}
	}
	switch {
	case r.bad != "": // PostgreSQL keeps neither of these
		r.bad = strings.ReplaceAll(strings.ToValidUTF8(r.bad, "\ufffd"), "\x00", "\ufffd")
	case !utf8.ValidString(r.text):
		bad("the text is not UTF-8; convert the source to it")
	case strings.TrimSpace(r.text) == "":
		bad("the text is empty")
	}
}
