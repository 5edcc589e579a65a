package model_test

import (
	"testing"

	"tagifai/model"
)

func TestParseObject(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{}`, `{}`},
		{` { "b" : 144.0 , "a" : [ 1e5, null ] } `, `{"b":144.0,"a":[1e5,null]}`},
		{`{"é": "\u00e9 \u003c"}`, `{"é":"é <"}`},
		{`{"a": 1, "b": 2, "a": 3}`, `{"a":3,"b":2}`},
		{`{"a": NaN, "b": [Infinity, -Infinity, 1]}`, `{"a":null,"b":[null,null,1]}`},
		{`{"NaN": "NaN", "\"": NaN, "\\": -Infinity, "x": "\" Infinity"}`, `{"NaN":"NaN","\"":null,"\\":null,"x":"\" Infinity"}`},
	} {
		object, err := model.ParseObject([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		if got := string(object.JSON()); got != c.want {
			t.Errorf("%s: got %s, want %s", c.text, got, c.want)
		}
	}
	for _, text := range []string{``, `null`, `[]`, `{`, `{"a":1}}`, `{"a":1} 2`, `{a:1}`, `{"a":NaNa}`, `{"a":-NaN}`, `{"a":nan}`, `NaN`, `{"a\`} {
		if _, err := model.ParseObject([]byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, text string
		keys       []string
		want       string // "" for none
	}{
		{"none", `{"a": null, "b": "NaN", "c": {"NaN": 1}}`, nil, ""},
		{"a value", `{"a": 1, "b": NaN}`, nil, "b is NaN, which JSON cannot represent"},
		{"another key", `{"a": 1, "b": NaN}`, []string{"a"}, ""},
		{"a key that is not there", `{"a": 1, "b": NaN}`, []string{"c"}, ""},
		{"its key", `{"a": Infinity, "b": NaN}`, []string{"b"}, "b is NaN, which JSON cannot represent"},
		{"deep", `{"x": null, "a": {"b": [null, {"c d": -Infinity}]}}`, nil, "a.b.1.c d is -Infinity, which JSON cannot represent"},
		{"behind escapes", "{\n\t\"\\u0061\\\"\" :\t[ \"\\u00e9\", Infinity ] }", nil, "a\".1 is Infinity, which JSON cannot represent"},
		{"a key twice, the last a number", `{"a": NaN, "a": 1}`, nil, ""},
		{"a key twice, the first a number", `{"a": 1, "a": NaN}`, nil, "a is NaN, which JSON cannot represent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			object, err := model.ParseObject([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := object.Check(c.keys...); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestWith(t *testing.T) {
	object, err := model.ParseObject([]byte(`{"a": 1.0, "b": NaN}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, value, want string }{
		{"a", ` 2 `, `{"a":2,"b":null}`},
		{"b", `{"0": 0.50}`, `{"a":1.0,"b":{"0":0.50}}`},
		{"c", `"x"`, `{"a":1.0,"b":null,"c":"x"}`},
		{"c", `NaN`, ``},
		{"c", ``, ``},
	} {
		got, err := object.With(c.key, []byte(c.value))
		if c.want == "" {
			if err == nil {
				t.Errorf("%s = %s: no error", c.key, c.value)
			}
			continue
		}
		if err != nil || string(got.JSON()) != c.want {
			t.Errorf("%s = %s: got %s, %v, want %s", c.key, c.value, got.JSON(), err, c.want)
		}
		if err := got.Check(c.key); err != nil {
			t.Errorf("%s = %s: %v", c.key, c.value, err)
		}
	}
	if got, want := string(object.JSON()), `{"a":1.0,"b":null}`; got != want {
		t.Errorf("the object became %s, want %s", got, want)
	}
}
