package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"tagifai/model"
)

// BenchmarkPredictLines predicts a file of lines of 140 characters, all of them different,
// and then the same lines by the model alone on one core. Of one core, the difference is
// what reading, quoting and writing take.
func BenchmarkPredictLines(b *testing.B) {
	m, err := model.Default()
	if err != nil {
		b.Fatal(err)
	}
	lines := benchmarkLines(b, 20_000, 140)
	file := write(b, "lines.txt", strings.Join(lines, "\n")+"\n")
	out, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	predict := predictCommand{Format: "json"}.appender(m)
	for cores := 1; cores <= runtime.NumCPU(); cores *= 2 {
		b.Run(fmt.Sprintf("cores=%d", cores), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			var all, alone time.Duration
			for b.Loop() {
				in, err := os.Open(file)
				if err != nil {
					b.Fatal(err)
				}
				start := time.Now()
				if err := eachLine(b.Context(), in, out, predict); err != nil {
					b.Fatal(err)
				}
				all += time.Since(start)
				in.Close()
				start = time.Now()
				for _, line := range lines {
					m.Tag(line)
				}
				alone += time.Since(start)
			}
			perLine := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(b.N*len(lines)) }
			b.ReportMetric(0, "ns/op") // of both
			b.ReportMetric(perLine(all), "ns/line")
			b.ReportMetric(perLine(alone), "model-ns/line")
			if cores == 1 {
				b.ReportMetric(perLine(all-alone), "outside-ns/line")
			}
		})
	}
}

// benchmarkLines returns so many lines of about so many bytes, cut from the labelled texts
// between words.
func benchmarkLines(b *testing.B, count, size int) []string {
	b.Helper()
	words := strings.Fields(readFile(b, labelled))
	lines := make([]string, count)
	for i := range lines {
		const stride = 7919 // a prime: the lines begin all over the texts
		next, line := i*stride, ""
		for ; len(line) < size-4; next++ { // half a word less
			line += words[(next+i/len(words)*next)%len(words)] + " "
		}
		lines[i] = line[:len(line)-1]
	}
	return lines
}
