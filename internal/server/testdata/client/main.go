// Command client asks the service at the address that it is given, with the client that
// oapi-codegen generates beside it, and prints what it understood of the answers.
package main

import (
	"context"
	"fmt"
	"os"
)

func main() {
	c, err := NewClientWithResponses(os.Args[1])
	check(err)
	ctx := context.Background()

	predicted, err := c.PredictWithResponse(ctx, nil, PredictPayload{Texts: []Text{{Text: "CNNs for image segmentation."}}})
	check(err)
	for _, p := range predicted.JSON200.Data.Predictions {
		fmt.Printf("predict: %q is %s\n", p.InputText, p.PredictedTag)
	}

	included, err := c.PredictWithResponse(ctx, &PredictParams{Include: &[]PredictParamsInclude{PredictParamsIncludeProbabilities, PredictParamsIncludeModel}}, PredictPayload{Texts: []Text{{Text: "YOLO"}}})
	check(err)
	fmt.Printf("include: %d probabilities, a model: %t\n", len(*included.JSON200.Data.Predictions[0].Probabilities), *included.JSON200.Data.Model != "")

	refused, err := c.PredictWithResponse(ctx, nil, PredictPayload{Texts: []Text{{Text: ""}}})
	check(err)
	for _, item := range refused.JSON422.Detail {
		index, err := item.Loc[2].AsItemLoc1()
		check(err)
		fmt.Printf("refused: %d, %s at text %d\n", refused.JSON422.StatusCode, item.Type, index)
	}

	filter := "overall"
	performance, err := c.PerformanceWithResponse(ctx, &PerformanceParams{Filter: &filter})
	check(err)
	metrics, err := performance.JSON200.Data.Performance.AsMetrics()
	check(err)
	fmt.Printf("performance: F1 above 0.5: %t\n", *metrics.F1 > 0.5)

	arg, err := c.ArgWithResponse(ctx, "analyzer")
	check(err)
	fmt.Printf("args: analyzer is %s\n", arg.JSON200.Data["analyzer"])
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}
