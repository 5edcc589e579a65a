package explain

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"tagifai/model"
)

// AppendText appends an explanation as lines for people, an empty one behind them. With
// colour the text is tinted: blue for what speaks for the class, red for what speaks
// against it.
func (x Explained) AppendText(dst []byte, colour bool) []byte {
	dst = append(dst, x.Tag...)
	if x.Confidence > 0 {
		dst = fmt.Appendf(dst, "  %.2f", x.Confidence)
	}
	dst = append(append(append(dst, "  "...), printable(x.Text)...), '\n')
	if x.Fallback != nil {
		dst = append(append(dst, x.reason()...), '\n')
	}
	for i := range x.Explanations {
		dst = x.appendClass(dst, &x.Explanations[i], colour)
	}
	return append(dst, '\n')
}

// reason says why the answer is the class other.
func (x Explained) reason() string {
	f := x.Fallback
	on, value := "probability", f.Probability
	if f.Sigmoid != 0 {
		on, value = "sigmoid", f.Sigmoid
	}
	return fmt.Sprintf("%s, as %s is not sure enough: its %s is %.4f, the threshold %v", x.Tag, f.Class, on, value, f.Threshold)
}

func (x Explained) appendClass(dst []byte, e *model.Explanation, colour bool) []byte {
	dst = fmt.Appendf(dst, "\n  %s: score %+.4f = intercept %+.4f and the n-grams\n", x.Classes[e.Class], e.Score, e.Intercept)
	if colour {
		dst = append(dst, "  "...)
		list := pieces(x.Text, e.Spans)
		strongest := strongest(list)
		for _, p := range list {
			dst = appendTinted(dst, printable(p.text), p.weight/strongest)
		}
		dst = append(dst, '\n')
	}
	width := 0
	for _, n := range e.NGrams {
		width = max(width, utf8.RuneCountInString(strconv.Quote(n.NGram)))
	}
	for _, n := range e.NGrams {
		quoted := strconv.Quote(n.NGram)
		dst = fmt.Appendf(dst, "    %+.4f  %s", n.Weight, quoted)
		if n.Count > 1 {
			dst = fmt.Appendf(dst, "%*s  %d times", width-utf8.RuneCountInString(quoted), "", n.Count)
		}
		dst = append(dst, '\n')
	}
	if e.Remaining.Positive != 0 {
		dst = fmt.Appendf(dst, "    %+.4f  others that speak for it\n", e.Remaining.Positive)
	}
	if e.Remaining.Negative != 0 {
		dst = fmt.Appendf(dst, "    %+.4f  others that speak against it\n", e.Remaining.Negative)
	}
	return dst
}

// appendTinted appends text on a background of a strength from -1 to 1.
func appendTinted(dst []byte, text string, strength float64) []byte {
	// Ranges of the colour cube that most terminals have (256 colours): from pale to full.
	blues, reds := [...]int{153, 117, 75, 33}, [...]int{224, 217, 210, 203}
	if math.IsNaN(strength) || math.Abs(strength) < 0.05 {
		return append(dst, text...)
	}
	shades := blues
	if strength < 0 {
		shades = reds
	}
	shade := shades[min(int(math.Abs(strength)*float64(len(shades))), len(shades)-1)]
	return fmt.Appendf(dst, "\x1b[30;48;5;%dm%s\x1b[0m", shade, text)
}

// printable replaces what would move the cursor, or do worse, with a space.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
