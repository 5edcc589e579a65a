package model

import (
	"reflect"
	"testing"

	"tagifai/model/vocabulary"
)

// TestLent holds the embedded model, which is made without a copy and a check, against
// the one of its artifact, which is read as any other.
func TestLent(t *testing.T) {
	a, err := ReadArtifact(DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	want, err := New(a)
	if err != nil {
		t.Fatal(err)
	}
	data, err := ReadFile(DefaultFS(), WeightsFile, maxWeightsFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != embeddedWeights {
		t.Fatal("the embedded weights are not those of the embedded directory")
	}
	got, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.blocks {
		of, to := &got.blocks[i], &want.blocks[i]
		if !reflect.DeepEqual(of.trie, to.trie) {
			t.Errorf("block %d: another trie", i)
		}
		if of.words == nil { // a table of words has a seed of its own
			continue
		}
		for node := range a.Weights.Blocks[i].NGrams.Len() {
			visits := []vocabulary.Visit{{Node: uint32(node)}}
			for row := range want.intercepts {
				terms := []vocabulary.Term{{Row: row, Factor: 1}}
				if got, want := of.appendSums(nil, visits, terms), to.appendSums(nil, visits, terms); got[0] != want[0] {
					t.Fatalf("block %d: row %d of word %d is %v, want %v", i, row, node, got, want)
				}
			}
		}
	}
}
