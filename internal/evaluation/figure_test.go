package evaluation

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTicks(t *testing.T) {
	tests := []struct {
		axis axis
		want string
	}{
		{axis{from: 0, to: 1}, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{axis{from: 1, to: 100}, "20 40 60 80 100"},
		{axis{from: 1, to: 2}, "1.0 1.2 1.4 1.6 1.8 2.0"},
		{axis{from: 0, to: 0.01}, "0.000 0.002 0.004 0.006 0.008 0.010"},
		{axis{from: 0, to: 0.7}, "0.0 0.2 0.4 0.6"},
		{axis{from: 0, to: 5}, "0 1 2 3 4 5"},
		{axis{from: -0.5, to: 1.5, names: []string{"a", "b"}}, "a b"},
	}
	for _, test := range tests {
		var labels []string
		for _, tick := range test.axis.ticks() {
			labels = append(labels, tick.label)
		}
		if diff := cmp.Diff(strings.Join(labels, " "), test.want); diff != "" {
			t.Errorf("from %v to %v: %s", test.axis.from, test.axis.to, diff)
		}
	}
}

// What a picture says is in its SVG as text, and its PNG has colors.
func TestFiles(t *testing.T) {
	report := &Report{Classes: []string{"a<b", "quite a long name of a class", "c"}, Confusion: Tally{{7, 1, 0}, {2, 8, 0}, {0, 0, 9}}}
	files, err := Files(map[string]Picture{
		"confusion":   ConfusionMatrix("Test part", report),
		"reliability": ReliabilityDiagram("Test part", &Calibration{Samples: 13, Bins: []Bin{{Confidence: 0.5, Accuracy: 0.4, Samples: 5}, {Confidence: 0.7, Accuracy: 0.9, Samples: 8}}}),
		"losses":      LossCurves([]float64{2, 1.5}, []float64{2, 1.8}),
		"one epoch":   LossCurves([]float64{0}, []float64{0}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, texts := range map[string][]string{
		"confusion":   {"a&lt;b", "quite a long name of a class", "predicted", "true", ">7<", ">8<", ">9<", "samples"},
		"reliability": {"calibration error", "share of right tags", "highest probability", "0.2", "   5   ", "   8   "},
		"losses":      {"Log loss", "train", "validation", "epoch", "1.5"},
		"one epoch":   {"epoch"},
	} {
		for _, text := range texts {
			if !bytes.Contains(files[name+".svg"], []byte(text)) {
				t.Errorf("%s.svg does not have %q", name, text)
			}
		}
		image, err := png.Decode(bytes.NewReader(files[name+".png"]))
		if err != nil {
			t.Errorf("%s.png: %v", name, err)
			continue
		}
		colors := make(map[[3]uint32]bool)
		for y := range image.Bounds().Dy() {
			for x := range image.Bounds().Dx() {
				r, g, b, _ := image.At(x, y).RGBA()
				colors[[3]uint32{r, g, b}] = true
			}
		}
		if len(colors) < 10 { // of lines and letters, whose edges are smooth
			t.Errorf("%s.png has %d colors", name, len(colors))
		}
	}
}
