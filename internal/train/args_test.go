package train

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecipes(t *testing.T) {
	for _, file := range []string{"args.json", "args-course.json"} {
		data, err := os.ReadFile("../../configs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		args, err := ParseArgs(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		object, err := args.Object()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseArgs(object.JSON())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(again, args); diff != "" {
			t.Errorf("%s, written and read again (-got +want):\n%s", file, diff)
		}
		if file == "args.json" {
			if diff := cmp.Diff(args, DefaultArgs()); diff != "" {
				t.Errorf("%s is not the default (-got +want):\n%s", file, diff)
			}
		}
	}
}

func TestParseArgsRefuses(t *testing.T) {
	for _, c := range []struct {
		name, args string
		want       []string // in the error
	}{
		{"no JSON", `{"alpha": 0.1`, []string{"EOF"}},
		{"no object", `[]`, []string{"object"}},
		{"an unknown key", `{"learning_rte": 0.1}`, []string{"learning_rte"}},
		{"a wrong type", `{"alpha": "small"}`, []string{"alpha"}},
		{"null", `{"alpha": null}`, []string{"alpha", "null"}},
		{"no alpha", `{"alpha": 0}`, []string{"alpha", "0"}},
		{"a negative rate", `{"learning_rate": -1}`, []string{"learning_rate", "-1"}},
		{"no epochs", `{"num_epochs": 0}`, []string{"num_epochs"}},
		{"half an epoch", `{"num_epochs": 0.5}`, []string{"num_epochs"}},
		{"a negative frequency", `{"min_freq": -1}`, []string{"min_freq"}},
		{"no rows", `{"subset": 0}`, []string{"subset"}},
		{"an unknown analyzer", `{"analyzer": "bytes"}`, []string{"analyzer", "bytes", "char_wb"}},
		{"a range that is none", `{"ngram_min_range": 7}`, []string{"(7, 6)"}},
		{"an unknown schedule", `{"learning_rate_schedule": "adaptive"}`, []string{"learning_rate_schedule", "adaptive", "invscaling"}},
		{"an unknown balance", `{"balance": "smote"}`, []string{"balance", "smote"}},
		{"an unknown rule", `{"threshold_rule": "best"}`, []string{"threshold_rule", "best"}},
		{"a fixed threshold that is not given", `{"threshold_rule": "fixed"}`, []string{"threshold", "fixed"}},
		{"a threshold out of range", `{"threshold": 1.5}`, []string{"threshold", "1.5"}},
		{"no tag accepted", `{"accepted_tags": []}`, []string{"accepted_tags"}},
		{"stems without cleaning", `{"stem": true}`, []string{"stem", "clean"}},
		{"a negative seed", `{"seed": -1}`, []string{"seed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseArgs([]byte(c.args))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not mention %s", err, want)
				}
			}
		})
	}
}
