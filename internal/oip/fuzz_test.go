package oip_test

import (
	"encoding/binary"
	"testing"
	"unicode/utf8"

	"tagifai/internal/jsonread"
	"tagifai/internal/oip"
)

// Whatever the body is, it is read or what is wrong with it is said, and every text is UTF-8.
func FuzzParse(f *testing.F) {
	const input = `{"inputs":[{"name":"text","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":10}}],"parameters":{"binary_data_output":true}}`
	tensor := append(binary.LittleEndian.AppendUint32(nil, 1), 'a')
	f.Add([]byte(input+string(tensor)+string(tensor)), len(input))
	f.Add([]byte(`{"id":"1","inputs":[{"name":"a","datatype":"BYTES","shape":[2,1],"data":[["a"],["b"]]}],"outputs":[{"name":"scores","parameters":{"classification":1,"binary_data":true}}]}`), -1)
	f.Add([]byte(`{"inputs":[{"data":"\ud800"}]}`), 3)
	f.Fuzz(func(t *testing.T, body []byte, header int) {
		texts, bytes := 0, 0
		request, err := oip.Parse(body, max(header, -1), func(text string) error {
			if !utf8.ValidString(text) {
				t.Errorf("%q is not UTF-8", text)
			}
			texts++
			bytes += len(text)
			return nil
		})
		if bytes > 3*len(body) {
			t.Errorf("%d bytes of texts from %d", bytes, len(body))
		}
		if _, ok := err.(*jsonread.Error); err != nil && !ok { //nolint:errorlint // it is not wrapped
			t.Fatalf("%T: %v", err, err)
		}
		if err != nil {
			return
		}
		classes := []string{"a", "\"b\n"}
		answer, err := request.Answer("m", "1", classes, true, texts, results{})
		if err != nil {
			return
		}
		var whole []byte
		for i := range answer.Parts() {
			part := len(whole)
			whole = answer.AppendPart(whole, i)
			if len(whole)-part > answer.Largest() {
				t.Errorf("part %d has %d bytes, more than %d", i, len(whole)-part, answer.Largest())
			}
		}
		if len(whole) > answer.Room() {
			t.Errorf("the answer has %d bytes, more than %d", len(whole), answer.Room())
		}
		if length, _ := answer.JSONLength(nil); length > len(whole) || !answer.Binary() && length != len(whole) {
			t.Errorf("the JSON has %d bytes of %d", length, len(whole))
		}
	})
}

// results are the same for every text.
type results struct{}

func (results) Tag(int) int                 { return 1 }
func (results) Probabilities(int) []float64 { return []float64{0.25, 0.75} }
func (results) Scores(int) []float64        { return []float64{-1.2345678901234567e-300, 0} }
func (results) Explanation(int) []byte      { return []byte(`,"explanation":[{"class":"\"b\n"}]`) }
