package model

import (
	"reflect"
	"slices"
	"testing"
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
		words := a.Weights.Blocks[i].NGrams
		for j := range words.Len() {
			if got, want := got.Scores(words.At(j)), want.Scores(words.At(j)); !slices.Equal(got, want) {
				t.Fatalf("block %d: the scores of %q are %v, want %v", i, words.At(j), got, want)
			}
		}
	}
}
