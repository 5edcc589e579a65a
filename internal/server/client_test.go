package server_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/api/client"
)

// What a stranger makes of the document can talk to the service.
func TestGeneratedClient(t *testing.T) {
	s := start(t, settings())
	c, err := client.NewClientWithResponses(s.url)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("predict", func(t *testing.T) {
		got, err := c.PredictWithResponse(t.Context(), nil, client.PredictPayload{Texts: []client.Text{{Text: "CNNs for image segmentation."}}})
		if err != nil {
			t.Fatal(err)
		}
		if got.JSON200 == nil {
			t.Fatalf("%s: %s", got.Status(), got.Body)
		}
		want := []client.Prediction{{InputText: "CNNs for image segmentation.", PredictedTag: "computer-vision"}}
		if diff := cmp.Diff(got.JSON200.Data.Predictions, want); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("what is wrong", func(t *testing.T) {
		got, err := c.PredictWithResponse(t.Context(), nil, client.PredictPayload{Texts: []client.Text{{Text: ""}}})
		if err != nil {
			t.Fatal(err)
		}
		if got.JSON422 == nil || got.JSON422.StatusCode != http.StatusUnprocessableEntity || len(got.JSON422.Detail) != 1 {
			t.Fatalf("%s: %s", got.Status(), got.Body)
		}
		item := got.JSON422.Detail[0]
		index, err := item.Loc[2].AsItemLoc1()
		if err != nil || index != 0 || item.Type != "value_error.any_str.min_length" {
			t.Errorf("%v in %s", err, got.Body)
		}
	})

	t.Run("performance", func(t *testing.T) {
		filter := "overall"
		got, err := c.PerformanceWithResponse(t.Context(), &client.PerformanceParams{Filter: &filter})
		if err != nil {
			t.Fatal(err)
		}
		if got.JSON200 == nil {
			t.Fatalf("%s: %s", got.Status(), got.Body)
		}
		metrics, err := got.JSON200.Data.Performance.AsMetrics()
		if err != nil || metrics.F1 == nil || *metrics.F1 < 0.5 {
			t.Errorf("%v in %s", err, got.Body)
		}
	})

	t.Run("arguments", func(t *testing.T) {
		got, err := c.ArgWithResponse(t.Context(), "analyzer")
		if err != nil {
			t.Fatal(err)
		}
		if got.JSON200 == nil || got.JSON200.Data["analyzer"] != "char_wb" {
			t.Errorf("%s: %s", got.Status(), got.Body)
		}
	})
}
