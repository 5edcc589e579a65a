package process_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tagifai/internal/tools/process"
)

// The tests start this binary again, as one of these programs.
const program = "TAGIFAI_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch name := os.Getenv(program); name {
	case "":
		if runtime.GOOS != "linux" {
			fmt.Println("the accounting of processes needs Linux: nothing is tested")
			return
		}
		os.Exit(m.Run())
	case "fail":
		fmt.Fprint(os.Stderr, strings.Repeat("a lot ", 40_000), "and a reason")
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Minute)
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		time.Sleep(time.Minute)
	case "polite":
		terminated := make(chan os.Signal, 1)
		signal.Notify(terminated, syscall.SIGTERM)
		fmt.Println("ready")
		<-terminated
		os.Exit(5)
	case "burn":
		burn()
		fmt.Println("ready")
		time.Sleep(time.Minute)
	case "burn and end":
		burn()
	case "processors":
		processors, err := process.Processors()
		if err != nil {
			os.Exit(1)
		}
		fmt.Println(processors)
	case "hold":
		b := make([]byte, held)
		for i := range b {
			b[i] = byte(i)
		}
		fmt.Println("ready")
		time.Sleep(time.Minute)
		runtime.KeepAlive(b)
	case "serve":
		begin := time.Now()
		err := http.ListenAndServe(os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if time.Since(begin) < 50*time.Millisecond {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}))
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	default: // "parent of …" starts that and waits
		child := command(strings.TrimPrefix(strings.TrimPrefix(name, "parent of "), "group of "))
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if strings.HasPrefix(name, "parent of group of ") { // of its own, as some servers start their workers
			child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		}
		if child.Run() != nil {
			os.Exit(1)
		}
		fmt.Println("ready")
		time.Sleep(time.Minute)
	}
}

const (
	burned = 100 * time.Millisecond // of processor time, by burn
	held   = 64 << 20               // bytes, by hold
)

func burn() {
	var usage syscall.Rusage
	for {
		if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil || time.Duration(usage.Utime.Nano()+usage.Stime.Nano()) > burned {
			return
		}
	}
}

func command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), program+"="+name)
	return cmd
}

// start starts a program, which is killed when the test ends.
func start(t *testing.T, cmd *exec.Cmd) *process.Process {
	t.Helper()
	p, err := process.Start(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

// startReady starts a program and waits until it says that it is ready.
func startReady(t *testing.T, name string) *process.Process {
	t.Helper()
	cmd := command(name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, cmd)
	var line string
	if _, err := fmt.Fscanln(out, &line); err != nil {
		t.Fatalf("%s: %v", p.Stderr(), err)
	}
	return p
}

func TestStop(t *testing.T) {
	for _, test := range []struct {
		name   string
		within time.Duration
		code   int
		killed bool
	}{
		{"polite", time.Minute, 5, false},
		{"deaf", 20 * time.Millisecond, -1, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := startReady(t, test.name)
			code, err := p.Stop(test.within)
			if code != test.code || (err != nil) != test.killed {
				t.Errorf("exit code %d, error %v; want %d, %t", code, err, test.code, test.killed)
			}
			select {
			case <-p.Done():
			default:
				t.Error("it lives")
			}
		})
	}
}

func TestEnd(t *testing.T) {
	p := start(t, command("fail"))
	if code, err := p.Wait(t.Context()); code != 3 || err != nil {
		t.Errorf("exit code %d, error %v", code, err)
	}
	if got := p.Stderr(); len(got) != 64<<10 || !strings.HasSuffix(got, "a lot and a reason") {
		t.Errorf("%d bytes of stderr: …%q", len(got), got[max(0, len(got)-20):])
	}
	if code, err := p.Stop(0); code != 3 || err != nil {
		t.Errorf("stopped afterwards: exit code %d, error %v", code, err)
	}
	if err := p.Signal(syscall.SIGHUP); err == nil {
		t.Error("a signal to it is no error")
	}
}

// A program's end is that of all that it has started.
func TestGroup(t *testing.T) {
	kill := func(p *process.Process, _ func()) { p.Kill() }
	end := func(_ *process.Process, cancel func()) { cancel() }
	for _, test := range []struct {
		name    string
		program string
		end     func(p *process.Process, cancel func())
	}{
		{"killed", "parent of hold", kill},
		{"killed, with another group", "parent of group of hold", kill},
		{"ended", "parent of hold", func(p *process.Process, _ func()) { p.Signal(syscall.SIGKILL) }},
		{"context", "parent of hold", end},
		{"context, with another group", "parent of group of hold", end},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			cmd := command(test.program)
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer read.Close()
			cmd.Stdout = write
			p, err := process.Start(ctx, cmd)
			write.Close()
			if err != nil {
				t.Fatal(err)
			}
			var line string
			if _, err := fmt.Fscanln(read, &line); err != nil {
				t.Fatal(err)
			}
			test.end(p, cancel)
			<-p.Done()
			if _, err := read.Read(make([]byte, 1)); err == nil {
				t.Error("it has written more")
			} // and the pipe is closed: the child, which had it too, is gone
		})
	}
}

func TestCPU(t *testing.T) {
	const short = 20 * time.Millisecond // what the kernel's rounding may take away
	for _, name := range []string{"burn", "parent of burn", "parent of burn and end", "parent of parent of burn"} {
		t.Run(name, func(t *testing.T) {
			p := startReady(t, name)
			got, err := p.CPU()
			if err != nil || got < burned-short || got > 20*burned {
				t.Errorf("got %s, %v; want a little more than %s", got, err, burned)
			}
		})
	}
	t.Run("after the end", func(t *testing.T) {
		p := start(t, command("burn and end"))
		<-p.Done()
		if got, err := p.CPU(); err != nil || got < burned || got > 20*burned {
			t.Errorf("got %s, %v; want a little more than %s", got, err, burned)
		}
	})
}

func TestOwnCPU(t *testing.T) {
	before, err := process.OwnCPU()
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	for burnt := before; burnt < before+burned; {
		if burnt, err = process.OwnCPU(); err != nil {
			t.Fatal(err)
		}
		if time.Since(begin) > time.Minute {
			t.Fatal("no processor time in a minute of work")
		}
	}
}

// What is started runs where the program that starts it is confined to.
func TestConfine(t *testing.T) {
	all, err := process.Processors()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 2 {
		t.Skip("there is one processor only")
	}
	defer func() {
		if err := process.Confine(all); err != nil {
			t.Error(err)
		}
	}()
	for _, n := range all {
		one := []int{n}
		if err := process.Confine(one); err != nil {
			t.Fatal(err)
		}
		if got, err := process.Processors(); err != nil || !slices.Equal(got, one) {
			t.Errorf("confined to %d: got %v, %v", n, got, err)
		}
		out, err := command("processors").Output()
		if err != nil || string(out) != fmt.Sprintln(one) {
			t.Errorf("started on %d: runs on %q, %v", n, out, err)
		}
	}
}

func TestMemory(t *testing.T) {
	for _, name := range []string{"hold", "parent of hold"} {
		t.Run(name, func(t *testing.T) {
			p := startReady(t, name)
			got, err := p.Memory()
			if err != nil || got < held || got > 8*held { // the race detector holds more
				t.Errorf("got %d, %v; want a little more than %d", got, err, held)
			}
			peak, err := p.PeakMemory()
			if own := name == "hold"; err != nil || (peak >= held) != own {
				t.Errorf("peak: got %d, %v", peak, err)
			}
			p.Kill()
			if after, err := p.PeakMemory(); err != nil || after < peak-(1<<20) { // the kernel rounds
				t.Errorf("peak after the end: got %d, %v; was %d", after, err, peak)
			}
			if _, err := p.Memory(); err == nil {
				t.Error("memory of a dead process is no error")
			}
		})
	}
}

func TestWaitFor(t *testing.T) {
	addr, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + addr
	cmd := command("serve")
	cmd.Args = []string{cmd.Path, addr}
	if err := start(t, cmd).WaitFor(t.Context(), url); err != nil {
		t.Error(err)
	}

	second := command("serve")
	second.Args = cmd.Args
	taken := url + "0" // a port that is none
	if err := start(t, second).WaitFor(t.Context(), taken); err == nil || !strings.Contains(err.Error(), "exit code 1") || !strings.Contains(err.Error(), "in use") {
		t.Errorf("of a program that ends: %v", err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := start(t, command("sleep")).WaitFor(ctx, taken); err == nil || !strings.Contains(err.Error(), "nobody listens") {
		t.Errorf("of one that does not listen: %v", err)
	}
}

// Of so many that the kernel picks at random, some would be the same.
func TestFreeAddr(t *testing.T) {
	given := make(map[string]bool)
	for range 1000 {
		addr, err := process.FreeAddr()
		if err != nil {
			t.Fatal(err)
		}
		if given[addr] {
			t.Fatalf("%s is given twice", addr)
		}
		given[addr] = true
	}
}

func TestStartFails(t *testing.T) {
	if _, err := process.Start(t.Context(), exec.Command("./absent")); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Error(err)
	}
}
