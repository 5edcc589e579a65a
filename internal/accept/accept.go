// Package accept reads what a client accepts.
package accept

import (
	"strconv"
	"strings"
)

// unnamed is the weight of what a client does not name.
const unnamed = -1

// Gzip reports whether a client whose Accept-Encoding has these values is to be answered by
// gzip: it names it, or "*", with a weight above zero and not below that of identity. What
// is malformed is not accepted. See RFC 9110, 12.5.3.
func Gzip(values []string) bool {
	var gzip, others, identity float64 = unnamed, unnamed, unnamed
	for _, value := range values {
		for element := range strings.SplitSeq(value, ",") {
			coding, parameters, weighted := strings.Cut(element, ";")
			weight := 1.0
			if weighted {
				weight = parseWeight(parameters)
			}
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip", "x-gzip":
				gzip = weight
			case "*":
				others = weight
			case "identity":
				identity = weight
			}
		}
	}
	if gzip == unnamed {
		gzip = others
	}
	return gzip > 0 && gzip >= identity
}

// parseWeight returns the weight that parameters give, and zero if they are not just that.
func parseWeight(parameters string) float64 {
	name, value, _ := strings.Cut(parameters, "=")
	if !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 0
	}
	weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(0 <= weight && weight <= 1) {
		return 0
	}
	return weight
}
