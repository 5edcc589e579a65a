package load

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// A Record is what became of a request.
type Record struct {
	Sent       time.Duration // since the load began
	Took       time.Duration
	Status     int // 0: there was no answer
	RetryAfter bool
}

// A Tally is what became of a load.
type Tally struct {
	Records []Record // in no order
	Retried int      // requests sent a second time, see errUnanswered
	Waiting int      // requests not sent: their connection still waited for an answer
	Late    int      // requests not sent: the load itself was late
	Wrong   int      // answers with a 200 and another body than expected
	Lasted  time.Duration
	Faults  []string // the first few, of those without an answer, or with a wrong one
}

const someFaults = 3

func (t *Tally) fault(format string, args ...any) {
	if len(t.Faults) < someFaults {
		t.Faults = append(t.Faults, fmt.Sprintf(format, args...))
	}
}

func (t *Tally) add(other *Tally) {
	t.Records = append(t.Records, other.Records...)
	t.Retried += other.Retried
	t.Waiting += other.Waiting
	t.Late += other.Late
	t.Wrong += other.Wrong
	t.Lasted = max(t.Lasted, other.Lasted)
	for _, fault := range other.Faults {
		t.fault("%s", fault)
	}
}

// Count returns how many requests got the status; 0 is none.
func (t *Tally) Count(status int) int {
	n := 0
	for _, r := range t.Records {
		if r.Status == status {
			n++
		}
	}
	return n
}

// Others returns how many requests got neither of the statuses.
func (t *Tally) Others(statuses ...int) int {
	n := len(t.Records)
	for _, status := range statuses {
		n -= t.Count(status)
	}
	return n
}

// Rate returns the requests per second that were answered with 200, between warmup
// after the begin and the last second's end.
func (t *Tally) Rate(warmup, end time.Duration) float64 {
	n := 0
	for _, r := range t.Records {
		if answered := r.Sent + r.Took; r.Status == http.StatusOK && answered >= warmup && answered < end {
			n++
		}
	}
	return float64(n) / (end - warmup).Seconds()
}

// Latencies returns how long the requests with that status took that were sent from
// then on, in order.
func (t *Tally) Latencies(status int, from time.Duration) Latencies {
	var l Latencies
	for _, r := range t.Records {
		if r.Status == status && r.Sent >= from {
			l = append(l, r.Took)
		}
	}
	slices.Sort(l)
	return l
}

// Latencies are in order.
type Latencies []time.Duration

// At returns the quantile q, 0 if there are none.
func (l Latencies) At(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	return l[min(len(l)-1, int(q*float64(len(l))))]
}

// Max returns the longest, 0 if there are none.
func (l Latencies) Max() time.Duration { return l.At(1) }

// Median returns the Median, the mean of the two in the middle for an even number.
func Median[T time.Duration | float64 | int64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// WorstSecond returns the least requests per second that were answered with 200 in any
// whole second.
func (t *Tally) WorstSecond() float64 {
	seconds := make([]float64, int(t.Lasted.Seconds()))
	for _, r := range t.Records {
		if i := int((r.Sent + r.Took).Seconds()); r.Status == http.StatusOK && i < len(seconds) {
			seconds[i]++
		}
	}
	if len(seconds) == 0 {
		return 0
	}
	return slices.Min(seconds)
}

// Recovered returns when the last request was sent that was not answered with 200.
func (t *Tally) Recovered() time.Duration {
	last := time.Duration(0)
	for _, r := range t.Records {
		if r.Status != http.StatusOK {
			last = max(last, r.Sent)
		}
	}
	return last
}

// WithoutRetryAfter returns how many requests got a 503 without the header Retry-After.
func (t *Tally) WithoutRetryAfter() int {
	n := 0
	for _, r := range t.Records {
		if r.Status == http.StatusServiceUnavailable && !r.RetryAfter {
			n++
		}
	}
	return n
}
