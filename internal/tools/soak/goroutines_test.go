package main

import "testing"

// The goroutines of connections do not count.
func TestGoroutinesOf(t *testing.T) {
	const profile = `goroutine 1 [select]:
tagifai/internal/server.(*Server).Run(0xc000196000)

goroutine 7 [running]:
runtime/pprof.writeGoroutineStacks({0xb2c3a0, 0xc0000a2000})
net/http.(*conn).serve(0xc0001d2000)
created by net/http.(*Server).Serve in goroutine 5

goroutine 8 [IO wait]:
net/http.(*connReader).backgroundRead(0xc0001b0000)

goroutine 9 [select]:
tagifai/internal/watch.Dir.func1()
`
	if got, want := goroutinesOf(profile), 2; got != want {
		t.Errorf("got %d goroutines, want %d", got, want)
	}
}
