package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/cmd/tagifai/cli"
	"tagifai/model"
)

// A predicted is a line of predict's output.
type predicted struct {
	Text          string             `json:"input_text"`
	Tag           string             `json:"predicted_tag"`
	Probabilities map[string]float64 `json:"probabilities,omitempty"`
}

// predictions parses the output of predict.
func predictions(t *testing.T, out string) []predicted {
	t.Helper()
	var all []predicted
	for line := range strings.Lines(out) {
		if !strings.HasSuffix(line, "\n") {
			t.Fatalf("the last line has no end: %.300q", line)
		}
		all = append(all, parse[predicted](t, line))
	}
	return all
}

// expected is what the model in dir has to say of texts.
func expected(t *testing.T, dir string, probabilities bool, texts ...string) []predicted {
	t.Helper()
	m, err := cli.OpenModel(&dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []predicted
	for _, text := range texts {
		p := m.Predict(text)
		want := predicted{Text: strings.ToValidUTF8(text, "\ufffd"), Tag: p.Tag}
		if probabilities {
			want.Probabilities = make(map[string]float64)
			for k, class := range m.Classes() {
				want.Probabilities[class] = p.Probabilities[k]
			}
		}
		all = append(all, want)
	}
	return all
}

func TestPredictDefault(t *testing.T) {
	text := "Transfer learning with BERT for named entity recognition in clinical text."
	got := succeed(t, "", "predict", text)
	want := `{"input_text":"` + text + `","predicted_tag":"natural-language-processing"}` + "\n"
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

// The texts of a command line and of as many lines get the same answers.
func TestPredictArguments(t *testing.T) {
	dir := trained(t, nil)
	tests := []struct {
		name  string
		texts []string
	}{
		{"one", []string{"Image segmentation"}},
		{"many", []string{"Image segmentation", "Question answering", "Image segmentation"}},
		{"empty", []string{""}},
		{"white space", []string{" \t "}},
		{"like a flag", []string{"--model", "-h"}},
		{"JSON's own characters", []string{`"quoted" \ <b> & ` + "\t\x00\x7f"}},
		{"not ASCII", []string{"İstanbul’da ΟΔΟΣ 🙂 \u2028"}},
		{"not UTF-8", []string{"caf\xe9 \xff"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := expected(t, dir, true, test.texts...)
			got := succeed(t, "", append([]string{"predict", "--model", dir, "--probabilities", "--"}, test.texts...)...)
			if diff := cmp.Diff(predictions(t, got), want); diff != "" {
				t.Errorf("arguments: %s", diff)
			}
			lines := strings.Join(test.texts, "\n") + "\n"
			if diff := cmp.Diff(succeed(t, lines, "predict", "--model", dir, "--probabilities"), got); diff != "" {
				t.Errorf("lines: %s", diff)
			}
		})
	}
}

func TestPredictLines(t *testing.T) {
	dir := trained(t, nil)
	long := strings.Repeat("A network of networks; ", 3<<20/23)
	full := strings.Repeat("x", blockSize)
	tests := []struct {
		name, in string
		texts    []string
	}{
		{"nothing", "", nil},
		{"one", "Image\n", []string{"Image"}},
		{"no final newline", "Image\nText", []string{"Image", "Text"}},
		{"CRLF", "Image\r\nText\r\n", []string{"Image", "Text"}},
		{"CRLF, no final newline", "Image\r\nText", []string{"Image", "Text"}},
		{"empty lines", "\n\nImage\n\n", []string{"", "", "Image", ""}},
		{"empty CRLF lines", "\r\nImage\r\n\r\n", []string{"", "Image", ""}},
		{"a carriage return inside", "Image\rText\n", []string{"Image\rText"}},
		{"two carriage returns at the end", "Image\r\r\n", []string{"Image\r"}},
		{"white space stays", "  Image \t\n", []string{"  Image \t"}},
		{"not UTF-8", "caf\xe9\n\xff\n", []string{"caf\xe9", "\xff"}},
		{"3 MB", "Image\n" + long + "\nText\n", []string{"Image", long, "Text"}},
		{"many buffers, no final newline", long[:5*blockSize/2], []string{long[:5*blockSize/2]}},
		{"as long as a buffer", full + "\n" + full[1:] + "\n" + full[2:] + "\r\n" + full[1:] + "\r\nText",
			[]string{full, full[1:], full[2:], full[1:], "Text"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := predictions(t, succeed(t, test.in, "predict", "--model", dir))
			if diff := cmp.Diff(got, expected(t, dir, false, test.texts...)); diff != "" {
				t.Errorf("%.2000s", diff)
			}
		})
		if len(test.in) > 100 {
			continue // too long for what follows
		}
		t.Run(test.name+", byte by byte", func(t *testing.T) {
			var stdout, stderr strings.Builder
			code := run(t.Context(), []string{"predict", "--model", dir}, iotest.OneByteReader(strings.NewReader(test.in)), &stdout, &stderr)
			if code != success {
				t.Fatalf("exit code %d: %s", code, stderr.String())
			}
			if diff := cmp.Diff(predictions(t, stdout.String()), expected(t, dir, false, test.texts...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is not text is named, and not printed.
func TestPredictBinary(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"},
		{"a model", readFile(t, pickles, "1.2-sgd", "model.pkl"), "binary data"},
		{"UTF-16", "\xff\xfeI\x00m\x00\n\x00", "UTF-16"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := tagifai(t, c.in, "predict")
			if got.code != failure || got.stdout != "" || !strings.Contains(got.stderr, "standard input is") || !strings.Contains(got.stderr, c.want) {
				t.Errorf("got %+v, want an error with %q", got, c.want)
			}
			for _, r := range got.stderr {
				if r != '\n' && (r < ' ' || r > '~') {
					t.Fatalf("%q is in the error", r)
				}
			}
		})
	}
}

func TestPredictOrder(t *testing.T) {
	const lines = 50_000
	var in, want bytes.Buffer
	dir := trained(t, nil)
	tags := make(map[string]string)
	for i := range lines {
		word := []string{"image", "text", "deploy", ""}[i%4] // lines that take different times
		word = strings.Repeat(word, 1+i%7)
		if _, ok := tags[word]; !ok {
			tags[word] = expected(t, dir, false, word)[0].Tag
		}
		fmt.Fprintf(&in, "%s\n", word)
		fmt.Fprintf(&want, "{\"input_text\":%q,\"predicted_tag\":%q}\n", word, tags[word])
	}
	got := succeed(t, in.String(), "predict", "--model", dir)
	if got != want.String() {
		gotLines, wantLines := strings.SplitAfter(got, "\n"), strings.SplitAfter(want.String(), "\n")
		for i := range min(len(gotLines), len(wantLines)) {
			if gotLines[i] != wantLines[i] {
				t.Fatalf("line %d is %q, want %q", i+1, gotLines[i], wantLines[i])
			}
		}
		t.Fatalf("%d lines, want %d", len(gotLines)-1, len(wantLines)-1)
	}
}

func TestPredictProbabilities(t *testing.T) {
	tests := []struct {
		name string
		args object
	}{
		{"four classes", nil},
		{"two classes", object{"accepted_tags": []string{"computer-vision"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := trained(t, test.args)
			texts := []string{"", "Image segmentation", "Deploy a model", "Ω"}
			got := predictions(t, succeed(t, strings.Join(texts, "\n"), "predict", "--model", dir, "--probabilities"))
			if diff := cmp.Diff(got, expected(t, dir, true, texts...)); diff != "" { // to the last bit
				t.Error(diff)
			}
			for _, p := range got {
				sum := 0.0
				for _, probability := range p.Probabilities {
					sum += probability
				}
				if math.Abs(sum-1) > 1e-12 {
					t.Errorf("%q: the probabilities %v have the sum %v", p.Text, p.Probabilities, sum)
				}
			}
		})
	}
}

// A prediction is the same over HTTP and on the command line, byte for byte.
func TestPredictAsServed(t *testing.T) {
	s := startServe(t)
	texts := []string{
		"Image segmentation with CNNs", "BERT", "a", " ", "Ω 深度学习 🙂", `"\/<>&`, "\x01\x7f", "\u2028",
		strings.Repeat("image segmentation ", 400), // a probability below 1e-6 has an exponent
	}
	var payload struct {
		Texts []map[string]string `json:"texts"`
	}
	for _, text := range texts {
		payload.Texts = append(payload.Texts, map[string]string{"text": text})
	}
	body, err := json.Marshal(&payload)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, query, flag string }{
		{"tags", "", "--format=json"},
		{"probabilities", "?include=probabilities", "--probabilities"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := http.Post("http://"+s.addr+"/predict"+test.query, "application/json", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			answer, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			_, got, _ := strings.Cut(string(answer), `"data":{"predictions":[`)
			want := strings.Split(strings.TrimSuffix(succeed(t, "", append([]string{"predict", test.flag, "--"}, texts...)...), "\n"), "\n")
			if diff := cmp.Diff(got, strings.Join(want, ",")+"]}}"); diff != "" {
				t.Error(diff)
			}
			if test.query != "" && !strings.Contains(got, "e-") {
				t.Errorf("no exponent in %s", got)
			}
		})
	}
}

func TestPredictText(t *testing.T) {
	dir := trained(t, nil)
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	text := "Image segmentation"
	p := m.Predict(text)
	highest := 0.0
	var classes strings.Builder
	for k, class := range m.Classes() {
		highest = max(highest, p.Probabilities[k])
		fmt.Fprintf(&classes, "    %-27s  %.4f\n", class, p.Probabilities[k])
	}
	line := fmt.Sprintf("%-27s  %.2f  %s\n", p.Tag, highest, text)
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"tags", nil, line},
		{"probabilities", []string{"--probabilities"}, line + classes.String()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{"predict", "--model", dir, "--format", "text"}, test.args...)
			if diff := cmp.Diff(succeed(t, "", append(args, text)...), test.want); diff != "" {
				t.Errorf("argument: %s", diff)
			}
			if diff := cmp.Diff(succeed(t, text+"\n", args...), test.want); diff != "" {
				t.Errorf("line: %s", diff)
			}
		})
	}
}

// A line is answered when it is there, whatever comes after it.
func TestPredictStreams(t *testing.T) {
	dir := trained(t, nil)
	tests := []struct {
		name, write string
		answers     int
		rest        string
	}{
		{"a line", "one\n", 1, ""},
		{"some lines", "one\ntwo\n\n", 3, ""},
		{"a line and the start of the next", "one\ntw", 1, "o\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in, input := io.Pipe()
			output, out := io.Pipe()
			code := make(chan int, 1)
			go func() {
				code <- run(t.Context(), []string{"predict", "--model", dir}, in, out, io.Discard)
				out.Close()
			}()
			answered := make(chan int)
			go func() {
				for lines, n := bufio.NewScanner(output), 1; lines.Scan(); n++ {
					answered <- n
				}
				close(answered)
			}()
			io.WriteString(input, test.write)
			late := time.After(5 * time.Second)
			for want := range test.answers {
				select {
				case got := <-answered:
					if got != want+1 {
						t.Errorf("answer %d, want %d", got, want+1)
					}
				case <-late:
					t.Errorf("no answer to line %d of %q while the input is open", want+1, test.write)
					late = nil
				}
				if late == nil {
					break
				}
			}
			go func() {
				io.WriteString(input, test.rest)
				input.Close()
			}()
			for range answered { // so that the command can end
			}
			if got := <-code; got != success {
				t.Errorf("exit code %d", got)
			}
		})
	}
}

// The reader of the output leaves while the input goes on for ever.
func TestPredictReaderLeaves(t *testing.T) {
	dir := trained(t, nil)
	var stderr strings.Builder
	out := &writer{1 << 20, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}}
	code := run(t.Context(), []string{"predict", "--model", dir}, endless("y\n"), out, &stderr)
	if diff := cmp.Diff(fmt.Sprint(code, stderr.String()), fmt.Sprint(success, "")); diff != "" {
		t.Error(diff)
	}
}

func TestPredictReadError(t *testing.T) {
	in := io.MultiReader(strings.NewReader("one\ntwo\n"), iotest.ErrReader(errors.New("the disk is gone")))
	var stdout, stderr strings.Builder
	code := run(t.Context(), []string{"predict", "--model", trained(t, nil)}, in, &stdout, &stderr)
	if diff := cmp.Diff(fmt.Sprint(code, stderr.String()), fmt.Sprint(failure, "tagifai: the disk is gone\n")); diff != "" {
		t.Error(diff)
	}
	if got := len(predictions(t, stdout.String())); got != 2 {
		t.Errorf("%d answers to what could be read, want 2", got)
	}
}

func TestPredictCancelled(t *testing.T) {
	dir := trained(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	in, input := io.Pipe() // nothing is ever written to it
	defer input.Close()
	time.AfterFunc(20*time.Millisecond, cancel)
	var stdout, stderr strings.Builder
	code := run(ctx, []string{"predict", "--model", dir}, in, &stdout, &stderr)
	if diff := cmp.Diff(fmt.Sprint(code, stdout.String(), stderr.String()), fmt.Sprint(failure, "", "tagifai: interrupted\n")); diff != "" {
		t.Error(diff)
	}
}
