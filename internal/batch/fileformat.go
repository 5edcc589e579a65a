package batch

import (
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// prepare sets what is the same in every row.
func (s *fileSink) prepare() {
	m := s.job.Model
	var head, constant []byte
	head = appendQuote(append(head, `,"model":`...), m.Name)
	head = appendQuote(append(head, `,"version":`...), m.Version)
	head = appendQuote(append(head, `,"checksum":`...), m.Sum)
	for _, text := range []string{m.Name, m.Version, m.Sum} {
		constant = append(s.appendField(constant, text), string(s.job.To.format.delimiter)...)
	}
	s.head, s.constant = string(head), string(constant)
}

// header writes the names of the columns.
func (s *fileSink) header() error {
	f := s.job.To.format
	if f.headless || f.rows == "jsonl" {
		return nil
	}
	var line []byte
	for _, name := range slices.Concat(resultColumns, s.keep) {
		if name == "probabilities" && !s.job.Probabilities {
			continue
		}
		if len(line) > 0 {
			line = append(line, string(f.delimiter)...)
		}
		line = s.appendField(line, name)
	}
	return s.put(s.seal(append(line, '\n')))
}

func (s *fileSink) append(dst []byte, r *result) []byte {
	if s.job.To.format.rows == "jsonl" {
		return s.appendJSON(dst, r)
	}
	return s.appendCSV(dst, r)
}

const timeFormat = "2006-01-02T15:04:05.000000Z"

func (s *fileSink) appendJSON(dst []byte, r *result) []byte {
	dst = appendQuote(append(dst, `{"id":`...), r.id)
	if r.bad == "" {
		dst = appendQuote(append(dst, `,"tag":`...), r.tag)
		dst = appendProbability(append(dst, `,"probability":`...), r.probability, "null")
		if s.job.Probabilities {
			dst = appendProbabilities(append(dst, `,"probabilities":`...), s.classes, r.probabilities)
		}
	}
	dst = append(dst, s.head...)
	dst = hex.AppendEncode(append(dst, `,"text_sha256":"`...), r.sum[:])
	dst = r.at.AppendFormat(append(dst, `","predicted_at":"`...), timeFormat)
	dst = append(dst, '"')
	if r.bad != "" {
		dst = appendQuote(append(dst, `,"error":`...), r.bad)
	}
	for i, v := range r.keep {
		dst = append(appendQuote(append(dst, ','), s.keep[i]), ':')
		dst = appendValue(dst, v)
	}
	return append(dst, "}\n"...)
}

func (s *fileSink) appendCSV(dst []byte, r *result) []byte {
	d := string(s.job.To.format.delimiter)
	dst = append(s.appendField(dst, r.id), d...)
	dst = append(s.appendField(dst, r.tag), d...)
	if r.bad == "" {
		dst = appendProbability(dst, r.probability, "")
	}
	dst = append(dst, d...)
	if s.job.Probabilities {
		if len(r.probabilities) > 0 {
			dst = s.appendField(dst, string(appendProbabilities(nil, s.classes, r.probabilities)))
		}
		dst = append(dst, d...)
	}
	dst = append(dst, s.constant...)
	dst = append(hex.AppendEncode(dst, r.sum[:]), d...)
	dst = append(r.at.AppendFormat(dst, timeFormat), d...)
	dst = s.appendField(dst, r.bad)
	for _, v := range r.keep {
		dst = s.appendField(append(dst, d...), v.text)
	}
	return append(dst, '\n')
}

// appendField appends a field of a CSV file.
func (s *fileSink) appendField(dst []byte, text string) []byte {
	if !strings.ContainsAny(text, "\"\r\n") && !strings.ContainsRune(text, s.job.To.format.delimiter) {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(text, `"`, `""`)...)
	return append(dst, '"')
}

// appendQuote appends s as a JSON string. The error that it passes over says no more
// than that there were bytes that are no UTF-8.
func appendQuote(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}

// appendProbability appends a probability, or none in its place.
func appendProbability(dst []byte, probability float64, none string) []byte {
	if math.IsNaN(probability) {
		return append(dst, none...)
	}
	return strconv.AppendFloat(dst, probability, 'g', -1, 64)
}

// appendProbabilities appends a JSON object, or null for a model without probabilities.
func appendProbabilities(dst []byte, classes []string, probabilities []float64) []byte {
	if len(probabilities) == 0 {
		return append(dst, "null"...)
	}
	for k, probability := range probabilities {
		separator := byte(',')
		if k == 0 {
			separator = '{'
		}
		dst = append(appendQuote(append(dst, separator), classes[k]), ':')
		dst = strconv.AppendFloat(dst, probability, 'g', -1, 64)
	}
	return append(dst, '}')
}

func appendValue(dst []byte, v value) []byte {
	switch v.kind {
	case nullValue:
		return append(dst, "null"...)
	case jsonValue:
		return append(dst, v.text...)
	}
	return appendQuote(dst, v.text)
}

// appendKeep appends the columns that go along as a JSON object.
func appendKeep(dst []byte, names []string, values []value) []byte {
	for i, v := range values {
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		dst = append(appendQuote(append(dst, separator), names[i]), ':')
		dst = appendValue(dst, v)
	}
	return append(dst, '}')
}
