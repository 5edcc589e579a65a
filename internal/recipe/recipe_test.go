package recipe

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestRecipes(t *testing.T) {
	for _, file := range []string{"args.json", "args-course.json"} {
		data, err := os.ReadFile("../../configs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		args, err := Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		object, err := args.Object()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(object.JSON())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(again, args); diff != "" {
			t.Errorf("%s, written and read again (-got +want):\n%s", file, diff)
		}
		if file == "args.json" {
			if diff := cmp.Diff(args, Default()); diff != "" {
				t.Errorf("%s is not the default (-got +want):\n%s", file, diff)
			}
		}
	}
}

// A refused case is arguments that are wrong, and what the error has to mention. The
// schema takes those that are wrong only together, and texts that are no pattern.
type refused struct {
	name, args string
	want       []string
	schemaToo  bool
}

func refusedArgs() []refused {
	const inSchema = true
	return []refused{
		{"no JSON", `{"alpha": 0.1`, []string{"EOF"}, !inSchema},
		{"no object", `[]`, []string{"object"}, inSchema},
		{"an unknown key", `{"learning_rte": 0.1}`, []string{"learning_rte"}, inSchema},
		{"a wrong type", `{"alpha": "small"}`, []string{"alpha"}, inSchema},
		{"null", `{"alpha": null}`, []string{"alpha", "null"}, inSchema},
		{"no alpha", `{"alpha": 0}`, []string{"alpha", "0"}, inSchema},
		{"a negative rate", `{"learning_rate": -1}`, []string{"learning_rate", "-1"}, inSchema},
		{"no epochs", `{"num_epochs": 0}`, []string{"num_epochs"}, inSchema},
		{"half an epoch", `{"num_epochs": 0.5}`, []string{"num_epochs"}, inSchema},
		{"a negative frequency", `{"min_freq": -1}`, []string{"min_freq"}, inSchema},
		{"no rows", `{"subset": 0}`, []string{"subset"}, inSchema},
		{"an unknown analyzer", `{"analyzer": "bytes"}`, []string{"analyzer", "bytes", "char_wb"}, inSchema},
		{"a range that is none", `{"ngram_min_range": 7}`, []string{"(7, 6)"}, !inSchema},
		{"an unknown schedule", `{"learning_rate_schedule": "adaptive"}`, []string{"learning_rate_schedule", "adaptive", "invscaling"}, inSchema},
		{"an unknown balance", `{"balance": "smote"}`, []string{"balance", "smote"}, inSchema},
		{"an unknown rule", `{"threshold_rule": "best"}`, []string{"threshold_rule", "best"}, inSchema},
		{"a fixed threshold that is not given", `{"threshold_rule": "fixed"}`, []string{"threshold", "fixed"}, !inSchema},
		{"a threshold out of range", `{"threshold": 1.5}`, []string{"threshold", "1.5"}, inSchema},
		{"no tag accepted", `{"accepted_tags": []}`, []string{"accepted_tags"}, inSchema},
		{"stems without cleaning", `{"stem": true}`, []string{"stem", "clean"}, !inSchema},
		{"a negative seed", `{"seed": -1}`, []string{"seed"}, inSchema},
		{"weight without blocks", `{"weight": 2}`, []string{"weight", "2", "blocks"}, !inSchema},
		{"no list of blocks", `{"blocks": {}}`, []string{"blocks", "a list of objects"}, inSchema},
		{"no object", `{"blocks": [{}, 7]}`, []string{"blocks.1", "7", "an object"}, inSchema},
		{"an unknown key of a block", `{"blocks": [{}, {"analyser": "word"}]}`, []string{"blocks.1.analyser", "did you mean analyzer"}, inSchema},
		{"an unknown analyzer of a block", `{"blocks": [{"analyzer": "bytes"}]}`, []string{"blocks.0.analyzer", "bytes", "char_wb"}, inSchema},
		{"a wrong type in a block", `{"blocks": [{"weight": "heavy"}]}`, []string{"blocks.0.weight", "heavy", "a number"}, inSchema},
		{"a block of no weight", `{"blocks": [{"weight": 0}]}`, []string{"blocks.0.weight", "above 0"}, inSchema},
		{"a pattern of characters", `{"blocks": [{"analyzer": "char", "token_pattern": "a+"}]}`, []string{"blocks.0", "token_pattern"}, !inSchema},
		{"no pattern", `{"analyzer": "word", "token_pattern": "(a"}`, []string{"token_pattern", "(a"}, !inSchema},
		{"an unknown norm", `{"norm": "l3"}`, []string{"norm", "l3", "l2"}, inSchema},
		{"a document of no column", `{"documents": [{"weight": 0.3}]}`, []string{"documents.0.column", "missing"}, inSchema},
		{"a document of no weight", `{"documents": [{"column": "title", "weight": -1}]}`, []string{"documents.0.weight", "-1"}, inSchema},
		{"an unknown threshold_on", `{"threshold_on": "score"}`, []string{"threshold_on", "score", "sigmoid"}, inSchema},
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range refusedArgs() {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.args))
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

// TestSchemaIsTheCodes asks a validator of JSON Schema what Parse is asked.
func TestSchemaIsTheCodes(t *testing.T) {
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("args.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("args.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(t *testing.T, args string) error {
		t.Helper()
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(args))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(value)
	}
	for _, c := range refusedArgs() {
		if !jsontext.Value(c.args).IsValid() {
			continue
		}
		if err := valid(t, c.args); c.schemaToo != (err != nil) {
			t.Errorf("%s: %s: the schema says %v", c.name, c.args, err)
		}
	}
	for _, file := range []string{"args.json", "args-course.json"} {
		data, err := os.ReadFile("../../configs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, string(data)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	all := base()
	all.Blocks, all.Documents = []Block{baseBlock()}, []Document{{Column: "title", Weight: 0.3}}
	object, err := all.Object()
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, string(object.JSON())); err != nil {
		t.Errorf("%s: %v", object.JSON(), err)
	}
}

// TestArgsAreWrittenAsBefore makes sure that arguments which were added later appear in
// args.json only where they are used.
func TestArgsAreWrittenAsBefore(t *testing.T) {
	const before = 21 // arguments
	for _, c := range []struct {
		name, args string
		want       []string // the keys behind those
	}{
		{"nothing", `{}`, nil},
		{"defaults", `{"norm": "l2", "weight": 1, "blocks": [], "use_idf": true}`, nil},
		{"a schema", `{"$schema": "args.schema.json"}`, nil},
		{"others", `{"use_idf": false, "threshold_on": "sigmoid"}`, []string{"threshold_on", "use_idf"}},
		{"blocks", `{"blocks": [{}], "weight": 0.5}`, []string{"weight", "blocks"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args, err := Parse([]byte(c.args))
			if err != nil {
				t.Fatal(err)
			}
			object, err := args.Object()
			if err != nil {
				t.Fatal(err)
			}
			keys := object.Keys()
			if diff := cmp.Diff(keys[:before], Names()[:before]); diff != "" {
				t.Errorf("the first keys (-got +want):\n%s", diff)
			}
			if diff := cmp.Diff(slices.Clone(keys[before:]), c.want, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the other keys (-got +want):\n%s", diff)
			}
		})
	}
}
