package prediction

import (
	"encoding/binary"

	"tagifai/model"
)

// spanRoom is more than a span of one character takes, with a weight below one.
const spanRoom = 64

// appendSpans appends spans, with commas between them, whose weights have magnitudes with a sum
// of size.
//
// Nearly all are of one of the first characters alone, with a weight below one. These are written
// without calls, and with one look at how much room there is: 4 % off an explained request.
func appendSpans(dst []byte, spans []model.Span, size float64) []byte {
	s := newSum(size)
	all, n := dst[:cap(dst)], len(dst)
	for i := range spans {
		span := &spans[i]
		billionths := s.next(span.Weight)
		minus := billionths >> 63 // -1 or 0
		fraction := uint64(billionths ^ minus - minus)
		if s.allDigits || span.End != span.Start+1 || span.Start >= len(openings) || fraction-1 >= 1e9-1 || len(all)-n < spanRoom {
			dst = appendOpening(all[:n], span.Start, span.End)
			if s.allDigits {
				dst = AppendNumber(dst, span.Weight)
			} else {
				dst = appendBillionths(dst, billionths)
			}
			dst = append(dst, "},"...)
			all, n = dst[:cap(dst)], len(dst)
			continue
		}
		opening := &openings[span.Start]
		*(*[len(opening.text)]byte)(all[n:]) = opening.text
		n += int(opening.size)
		number := (*[16]byte)(all[n:])
		number[0] = '-'
		signs := int(minus & 1)
		binary.LittleEndian.PutUint16(number[signs:], '0'|'.'<<8)
		size := signs + 2 + putFraction((*[10]byte)(number[signs+2:]), uint32(fraction))
		binary.LittleEndian.PutUint16(number[size&(len(number)-1):], '}'|','<<8)
		n += size + 2
	}
	if len(spans) > 0 {
		n-- // the last comma
	}
	return all[:n]
}

// appendOpening appends a span up to its weight.
func appendOpening(dst []byte, start, end int) []byte {
	dst = appendCount(append(dst, `{"start":`...), start)
	dst = appendCount(append(dst, `,"end":`...), end)
	return append(dst, `,"weight":`...)
}

// openings are those of the spans of the first characters, each alone.
var openings = func() (openings [256]struct {
	text [32]byte
	size uint8
}) {
	for i := range openings {
		opening := &openings[i]
		opening.size = uint8(copy(opening.text[:], appendOpening(nil, i, i+1)))
	}
	return openings
}()
