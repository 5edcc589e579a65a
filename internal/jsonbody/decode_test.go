package jsonbody_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/jsonbody"
)

// A payload is the body of POST /predict.
type payload struct {
	Texts []struct {
		Text string `json:"text" validate:"min=1,max_text" fastapi:"optional"`
	} `json:"texts" validate:"min=1,dive" message:"List of texts to classify cannot be empty."`
}

var payloads = jsonbody.New[payload](jsonbody.Limits{Items: 10})

// decode reads a document as a payload with at most ten texts.
func decode(doc string) (*payload, error) { return payloads.Parse("", []byte(doc)) }

// decodeInto reads a document as a T, with at most three items in a list, and returns the
// items that are wrong with it.
func decodeInto[T any](doc string) (*T, []jsonbody.Item) {
	value, err := jsonbody.New[T](jsonbody.Limits{Items: 3}).Parse("", []byte(doc))
	return value, items(err)
}

// items returns what err says is wrong with a body.
func items(err error) []jsonbody.Item {
	if invalid, ok := errors.AsType[*jsonbody.InvalidError](err); ok {
		return invalid.Items
	}
	return nil
}

// describe returns a line for each item: "loc type: msg".
func describe(items []jsonbody.Item) []string {
	var lines []string
	for _, item := range items {
		loc := strings.Trim(strings.ReplaceAll(fmt.Sprint(item.Loc), " ", "."), "[]")
		lines = append(lines, loc+" "+item.Type+": "+item.Msg)
	}
	return lines
}

// texts are the texts of a payload, for comparison.
func texts(p *payload) []string {
	if p == nil {
		return nil
	}
	texts := []string{}
	for _, text := range p.Texts {
		texts = append(texts, text.Text)
	}
	return texts
}

func TestDecodeAccepts(t *testing.T) {
	const document = `{"texts":[{"text":"aé😀"}]}`
	want := []string{"aé😀"}
	in := func(value string) string { return `{"x":` + value + `,"texts":[{"text":"aé😀"}]}` }
	tests := []struct {
		name string
		doc  string
	}{
		{"white space", " \t\r\n{ \"texts\" :\n[ { \"text\" : \"aé😀\" } ] }\n"},
		{"escapes", `{"t\u0065xts":[{"\u0074ext":"\u0061\u00E9\uD83D\ude00"}]}`},
		{"not a number", in(`[NaN,Infinity,-Infinity]`)},
		{"numbers", in(`[0,-0,1e5,1E-5,1.50,1e+05,1e999]`)},
		{"the last of a key", `{"texts":5,"texts":[{"text":"","text":[],"text":"aé😀"}]}`},
		{"errors in an overwritten list", `{"texts":[{"text":""},7,{}],"texts":[{"text":"aé😀"}]}`},
		{"half of a pair where nobody looks", in(`"\ud800"`)},
		{"half of a pair in three bytes", in("\"\xed\xa0\x80\"")},
		{"half of a pair in a key", `{"\udc00":1,"texts":[{"text":"aé😀"}]}`},
		{"half of a pair in an overwritten text", `{"texts":[{"text":"\ud800","text":"aé😀"}]}`},
		{"as deep as it may be", in(strings.Repeat("[", 969) + strings.Repeat("]", 969))},
		{"as long an integer as may be", in("-" + strings.Repeat("7", 4300))},
		{"a long fraction", in("0." + strings.Repeat("7", 5000))},
		{"UTF-8 with a mark", "\ufeff" + document},
		{"UTF-16 BE", encode(document, 2, binary.BigEndian)},
		{"UTF-16 BE with a mark", encode("\ufeff"+document, 2, binary.BigEndian)},
		{"UTF-16 LE", encode(document, 2, binary.LittleEndian)},
		{"UTF-16 LE with a mark", encode("\ufeff"+document, 2, binary.LittleEndian)},
		{"UTF-32 BE", encode(document, 4, binary.BigEndian)},
		{"UTF-32 BE with a mark", encode("\ufeff"+document, 4, binary.BigEndian)},
		{"UTF-32 LE", encode(document, 4, binary.LittleEndian)},
		{"UTF-32 LE with a mark", encode("\ufeff"+document, 4, binary.LittleEndian)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			payload, err := decode(test.doc)
			if err != nil {
				t.Fatalf("%v: %+v", err, items(err))
			}
			if diff := cmp.Diff(texts(payload), want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// encode returns s in units of two or four bytes.
func encode(s string, unit int, order binary.AppendByteOrder) string {
	var b []byte
	for _, r := range s {
		if unit == 4 {
			b = order.AppendUint32(b, uint32(r))
			continue
		}
		for _, u := range utf16.AppendRune(nil, r) {
			b = order.AppendUint16(b, u)
		}
	}
	return string(b)
}

func TestDecodeUnreadable(t *testing.T) {
	tests := []struct {
		name string
		doc  string
	}{
		{"no UTF-8", "{\"texts\":[{\"text\":\"\xff\xfe\"}]}"},
		{"a truncated character", "\"\xf0\x9f\x98"},
		{"an overlong character", "\"\xc0\x80\""},
		{"a character beyond the last", "\"\xf4\x90\x80\x80\""},
		{"no UTF-8 after a surrogate", "\"\xed\xa0\x80\xff\""},
		{"half a UTF-16 character", "\xff\xfe{\x00}"},
		{"no UTF-32 character", "\xff\xfe\x00\x00\x00\x00\x11\x00"},
		{"too deep", strings.Repeat("[", 971)},
		{"far too deep", strings.Repeat(`{"a":`, 1_000_000)},
		{"too long an integer", strings.Repeat("7", 4301)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := decode(test.doc)
			if !errors.Is(err, jsonbody.ErrUnreadable) {
				t.Errorf("got %v, %+v", err, items(err))
			}
		})
	}
}

// The work is linear in the length of a document, whatever is in it: were it
// not, these would take minutes.
func TestDecodeHostile(t *testing.T) {
	const size = 2 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	tests := []struct{ name, doc string }{
		{"a key again and again", `{"texts":[{` + fill(`"text":1,`) + `"text":"a"}]}`},
		{"lists again and again", `{` + fill(`"texts":[1,2,3],`) + `"texts":[]}`},
		{"bytes that surrogates begin with", `"` + fill("\xed\x9f\xbf") + "\xed\xa0\x80\""},
		{"surrogates", `{"texts":[{"text":"` + fill("\xed\xa0\x80") + `"}]}`},
		{"escapes", `{"texts":[{"text":"` + fill(`\u0041`) + `"}]}`},
		{"items", `{"texts":[` + fill(`1,`) + `1]}`},
		{"lines", fill("\n") + "x"},
		{"digits", fill("1") + ".5"},
		{"objects in objects", fill(`{"texts":[`)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			start := time.Now()
			_, _ = decode(test.doc)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// form has a field of each kind that a payload can have, and the rules.
type form struct {
	Name   string   `json:"name" validate:"min=2,max=4"`
	Count  int      `json:"count" validate:"gte=1,lt=10"`
	Share  float64  `json:"share" validate:"gt=0,max=1"`
	Sure   bool     `json:"sure"`
	Lang   string   `json:"lang,omitempty" validate:"omitempty,oneof=en de"`
	Labels []string `json:"labels,omitempty" validate:"omitempty,max=2,dive,min=1"`
	Nested []struct {
		Key string `json:"key" validate:"len=1"`
	} `json:"nested,omitempty" validate:"dive"`
}

func TestDecodeItems(t *testing.T) {
	const fine = `"name":"ab","count":1,"share":0.5,"sure":true`
	tests := []struct {
		name string
		doc  string
		want []string
	}{
		{"all is well", `{` + fine + `}`, nil},
		{"optional fields", `{` + fine + `,"lang":"en","labels":["a","b"],"nested":[{"key":"k"}]}`, nil},
		{"optional fields null", `{` + fine + `,"lang":null,"labels":null}`, nil},
		{"all is missing", `{}`, []string{
			"body.name value_error.missing: field required",
			"body.count value_error.missing: field required",
			"body.share value_error.missing: field required",
			"body.sure value_error.missing: field required",
		}},
		{"all is of the wrong kind, in another order", `{"lang":[],"nested":[3],"labels":{},"sure":"true","share":"1","count":1.5,"name":{}}`, []string{
			"body.name type_error.str: str type expected",
			"body.count type_error.integer: value is not a valid integer",
			"body.share type_error.float: value is not a valid float",
			"body.sure type_error.bool: value could not be parsed to a boolean",
			"body.lang type_error.str: str type expected",
			"body.labels type_error.list: value is not a valid list",
			"body.nested.0 type_error.dict: value is not a valid dict",
		}},
		{"all is too little", `{"name":"é","count":0,"share":0,"sure":false,"lang":"fr","labels":[""],"nested":[{"key":""}]}`, []string{
			"body.name value_error.any_str.min_length: ensure this value has at least 2 characters",
			"body.count value_error.number.not_ge: ensure this value is greater than or equal to 1",
			"body.share value_error.number.not_gt: ensure this value is greater than 0",
			"body.lang value_error.const: unexpected value; permitted: 'en', 'de'",
			"body.labels.0 value_error.any_str.min_length: ensure this value has at least 1 characters",
			"body.nested.0.key value_error.len: this value breaks the rule len 1",
		}},
		{"all is too much", `{"name":"abcde","count":10,"share":1e999,"sure":false,"labels":["a","b","c"]}`, []string{
			"body.name value_error.any_str.max_length: ensure this value has at most 4 characters",
			"body.count value_error.number.not_lt: ensure this value is less than 10",
			"body.share value_error.number.not_le: ensure this value is less than or equal to 1",
			"body.labels value_error.list.max_items: ensure this value has at most 2 items",
		}},
		{"no such integer", `{"name":"ab","count":9223372036854775808,"share":1,"sure":true}`, []string{
			"body.count type_error.integer: value is not a valid integer",
		}},
		{"more items than the service takes", `{` + fine + `,"nested":[{},{},{},5]}`, []string{
			"body.nested value_error.list.max_items: ensure this value has at most 3 items",
		}},
		{"items before their list", `{` + fine + `,"labels":["a","b",{}]}`, []string{
			"body.labels.2 type_error.str: str type expected",
		}},
		{"half of a pair", `{` + fine + `,"lang":"\ud800"}`, []string{
			"body.lang value_error.const: unexpected value; permitted: 'en', 'de'",
		}},
		{"half of a pair and nothing else", `{"sure":true,"share":1,"count":1,"name":"a\udc00"}`, []string{
			"body.40 value_error.jsondecode: the string that starts here has half of a surrogate pair: line 1 column 41 (char 40)",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, items := decodeInto[form](test.doc)
			if diff := cmp.Diff(describe(items), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What FastAPI takes, only to fail later or to see another value, is refused; but it
// counts only if FastAPI finds no mistake.
func TestDecodeStrict(t *testing.T) {
	const (
		empty     = "value_error.any_str.min_length: ensure this value has at least 1 characters"
		notString = "type_error.str: str type expected"
		required  = "value_error.missing: field required"
		null      = "type_error.none.not_allowed: none is not an allowed value"
		notDict   = "type_error.dict: value is not a valid dict"
		unpaired  = "value_error.jsondecode: the string that starts here has half of a surrogate pair: line 1 column %d (char %[2]d)"
	)
	tests := []struct {
		name, texts string // what is in the list
		want        []string
	}{
		{"text missing", `{}`, []string{"body.texts.0.text " + required}},
		{"text missing, and an empty one", `{},{"text":""}`, []string{"body.texts.1.text " + empty}},
		{"text missing, and an item of another kind", `{"text":"a"},7,{}`, []string{"body.texts.1 " + notDict}},
		{"text null", `{"text":null}`, []string{"body.texts.0.text " + null}},
		{"text null, and an empty one", `{"text":null},{"text":""}`, []string{"body.texts.1.text " + empty}},
		{"text a number", `{"text":1.5}`, []string{"body.texts.0.text " + notString}},
		{"text a number, and a list", `{"text":1.5},{"text":["x"]}`, []string{"body.texts.1.text " + notString}},
		{"text a boolean, and null for an item", `{"text":true},null`, []string{"body.texts.1 " + null}},
		{"an empty list", `[]`, []string{"body.texts.0 " + notDict}},
		{"an empty list, and one that is not", `[ ],[1]`, []string{"body.texts.1 " + notDict}},
		{"an empty string, and one that is not", `"","abc"`, []string{"body.texts.1 " + notDict}},
		{"several", `{},{"text":null},{"text":5},[],{"text":"\ud800"}`, []string{
			"body.texts.0.text " + required, "body.texts.1.text " + null, "body.texts.2.text " + notString, "body.texts.3 " + notDict,
		}},
		{"several, and a mistake", `{},{"text":null},{"text":5},[],{"text":"\ud800"},{"text":{}}`, []string{"body.texts.5.text " + notString}},
		{"half of a pair", `{"text":"\ud800"}`, []string{"body.18 " + fmt.Sprintf(unpaired, 19, 18)}},
		{"half of a pair, of which the first counts", `{"text":"a"},{"text":"\udc00"},{"text":"\ud800"}`, []string{"body.31 " + fmt.Sprintf(unpaired, 32, 31)}},
		{"half of a pair, and text missing", `{"text":"\ud800"},{}`, []string{"body.texts.1.text " + required}},
		{"half of a pair, and an empty text", `{"text":"\ud800"},{"text":""}`, []string{"body.texts.1.text " + empty}},
		{"overwritten", `{"text":"\ud800","text":5,"text":""}`, []string{"body.texts.0.text " + empty}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := decode(`{"texts":[` + test.texts + `]}`)
			if diff := cmp.Diff(describe(items(err)), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeValues(t *testing.T) {
	got, items := decodeInto[form](`{"name":"abc","count":7,"share":2.5e-1,"sure":true,"labels":["a","b"]}`)
	if items != nil {
		t.Fatalf("%+v", items)
	}
	if diff := cmp.Diff(got, &form{Name: "abc", Count: 7, Share: 0.25, Sure: true, Labels: []string{"a", "b"}}); diff != "" {
		t.Error(diff)
	}
}

// A payload that cannot work is met when the server is made.
func TestPlanPanics(t *testing.T) {
	for name, decode := range map[string]func(){
		"a kind no payload has": func() {
			decodeInto[struct {
				A map[string]int `json:"a"`
			}]("{}")
		},
		"a field without a name": func() { decodeInto[struct{ A string }]("{}") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			decode()
		})
	}
}

// FuzzDecode holds the decoder against encoding/json: what that accepts, this
// does, with the same texts; and what this accepts and that does not is one of
// the things that Python's json module accepts.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"texts":[{"text":"a"},{"text":"é\n\u00e9\ud83d\ude00"}]}`,
		`{"texts":[{"text":""},{"text":{}},7,null,{}],"x":[1,2.5e-3,NaN,true]}`,
		`{"texts":[{"text":"\ud800"}]}`,
		`"`, `[[[[{"a":`, "\xff\xfe{\x00", "\ufeff{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		payload, err := payloads.Parse("", doc)
		if (payload == nil) == (err == nil) {
			t.Fatalf("%v and %v", payload, err)
		}
		if !utf8.Valid(doc) || !json.Valid(doc) {
			return
		}
		items := items(err)
		if err != nil && items == nil && !errors.Is(err, jsonbody.ErrUnreadable) {
			t.Fatalf("a valid document is answered with %v", err)
		}
		if len(items) > 0 && items[0].Type == "value_error.jsondecode" && !strings.Contains(items[0].Msg, "surrogate") {
			t.Fatalf("a valid document is answered with %+v", items)
		}
		if err != nil {
			return
		}
		// encoding/json also takes a key in another case, and merges the values of a key that occurs twice.
		var want map[string]json.RawMessage
		if json.Unmarshal(doc, &want) != nil {
			t.Fatalf("%q was accepted", doc)
		}
		var list []map[string]json.RawMessage
		if err := json.Unmarshal(want["texts"], &list); err != nil {
			t.Fatal(err)
		}
		for i, item := range list {
			var text string
			if err := json.Unmarshal(item["text"], &text); err != nil || payload.Texts[i].Text != text {
				t.Fatalf("got %q, want %q (%v)", payload.Texts[i].Text, text, err)
			}
		}
	})
}
