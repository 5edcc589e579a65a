package skops

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// vocabulary makes a file with a vocabulary of so many n-grams, as skops writes it: its
// values are in the schema, or each in a member of its own.
func vocabulary(size int, members bool) []byte {
	var content, types strings.Builder
	var files []file
	for i := range size {
		if i > 0 {
			content.WriteString(",\n")
			types.WriteString(",\n")
		}
		value := nodeOf("int", "JsonNode", fmt.Sprintf(`"content": "%d", "is_json": true, "__id__": %d`, i, 1000+i))
		if members {
			name := fmt.Sprintf("%d.npy", 140689276000000+i)
			value = nodeOf("numpy.int64", "NdArrayNode", fmt.Sprintf(`"type": "numpy", "file": %q, "__id__": %d`, name, 1000+i))
			header := eight + strings.Repeat(" ", 117-len(eight)) + "\n"
			files = append(files, file{name: name, data: npyOf(header, string(binary.LittleEndian.AppendUint64(nil, uint64(i))))})
		}
		fmt.Fprintf(&content, "\"ngram %d\": %s", i, strings.ReplaceAll(value, `"__`, "\n            "+`"__`))
		types.WriteString(strings.ReplaceAll(nodeOf("str", "TypeNode", `"__id__": 1`), `"__`, "\n            "+`"__`))
	}
	schema := root(nodeOf("dict", "DictNode", `"content": {`+content.String()+`}`, `"key_types": `+listOf(types.String())))
	return rawArchive(append(files, file{name: schemaName, data: schema})...)
}

// TestVocabulary reads a vocabulary in both ways, without taking much more memory than
// the file has.
func TestVocabulary(t *testing.T) {
	const size = 20_000
	for _, c := range []struct {
		name    string
		members bool
	}{{"in the schema", false}, {"in members", true}} {
		t.Run(c.name, func(t *testing.T) {
			data := vocabulary(size, c.members)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			n, err := decode(data)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			ngrams, ends, err := n.Numbered()
			if err != nil || len(ends) != size || ngrams[ends[size-2]:] != fmt.Sprintf("ngram %d", size-1) {
				t.Errorf("%d n-grams, %v", len(ends), err)
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 3*uint64(len(data))/2 {
				t.Errorf("%d bytes were taken for a file of %d", taken, len(data))
			}
		})
	}
}

// BenchmarkDecode reads vocabularies of 100,000 n-grams.
func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name    string
		members bool
	}{{"in-the-schema", false}, {"in-members", true}} {
		data := vocabulary(100_000, c.members)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(bytes.NewReader(data), int64(len(data)), allowed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
