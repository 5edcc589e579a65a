package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// resultColumns are the columns of a result, the kept ones aside.
var resultColumns = []string{"id", "tag", "probability", "probabilities", "model", "version", "checksum", "text_sha256", "predicted_at", "error"}

// A fileSink writes NAME.partial, which becomes NAME at the end, and from time to time
// NAME.checkpoint. What is not a regular file is written to as it is.
type fileSink struct {
	job      *Job
	file     string // "" if there are no checkpoints
	out      io.Writer
	part     *os.File // out, if it is the partial file
	keep     []string // names of the columns that go along
	head     string   // JSON that begins every row
	constant string   // of CSV: model, version, checksum
	classes  []string
	gzip     sync.Pool
	zstd     *zstd.Encoder

	bytes int64
	last  *checkpoint // that is not on the disk yet
	saved time.Time
}

const checkpointInterval = 200 * time.Millisecond

func newFileSink(j *Job) (*fileSink, error) {
	s := &fileSink{job: j, classes: j.Model.Classes()}
	for _, name := range j.Columns.Keep {
		if slices.Contains(resultColumns, name) {
			name = "source_" + name
		}
		s.keep = append(s.keep, name)
	}
	s.prepare()
	s.gzip.New = func() any { return gzip.NewWriter(io.Discard) }
	if j.To.format.compression == "zst" {
		var err error
		s.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, err
		}
	}
	if j.To.file == "-" {
		s.out = j.Stdout
		return s, nil
	}
	file := j.To.file
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory", file)
	case !info.Mode().IsRegular():
		s.out, err = os.OpenFile(file, os.O_WRONLY, 0) // it is closed with the process
		return s, err
	default:
		if in, err := os.Stat(j.From.file); err == nil && os.SameFile(in, info) {
			return nil, fmt.Errorf("%s is the source; name another file for the results", file)
		}
	}
	s.file = file
	return s, nil
}

func (s *fileSink) partial() string    { return s.file + ".partial" }
func (s *fileSink) checkpoint() string { return s.file + ".checkpoint" }

func (s *fileSink) start(_ context.Context, job string, resume bool) (*checkpoint, error) {
	if s.file == "" {
		return nil, s.header()
	}
	var last *checkpoint
	if resume {
		var err error
		if last, err = s.load(); err != nil {
			return nil, err
		}
		if last != nil && last.Job != job {
			return nil, fmt.Errorf("%s is of another run, with another source, model or options, or the source has changed; finish that run, or begin anew with --no-resume", s.checkpoint())
		}
	}
	if last != nil && last.Complete {
		return last, nil
	}
	f, err := os.OpenFile(s.partial(), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	s.out, s.part = f, f
	if err := lockFile(f); err != nil {
		return nil, fmt.Errorf("%s: another run is writing to it", s.partial())
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if last != nil && info.Size() < last.Bytes {
		return nil, fmt.Errorf("%s has %d bytes, and %d at the checkpoint: it was changed; begin anew with --no-resume", s.partial(), info.Size(), last.Bytes)
	}
	if last == nil {
		if err := os.Remove(s.checkpoint()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := f.Truncate(0); err != nil {
			return nil, err
		}
		return nil, s.header()
	}
	if err := f.Truncate(last.Bytes); err != nil {
		return nil, err
	}
	s.bytes, err = f.Seek(last.Bytes, io.SeekStart)
	return last, err
}

func (s *fileSink) load() (*checkpoint, error) {
	data, err := os.ReadFile(s.checkpoint())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var c checkpoint
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s: %w; begin anew with --no-resume", s.checkpoint(), err)
	}
	return &c, nil
}

// save puts a checkpoint on the disk, behind all that it speaks of.
func (s *fileSink) save(c *checkpoint) error {
	if err := s.part.Sync(); err != nil {
		return err
	}
	data, err := json.Marshal(c, json.Deterministic(true))
	if err != nil {
		return err
	}
	next := s.checkpoint() + ".new"
	f, err := os.Create(next)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	s.saved, s.last = time.Now(), nil
	return os.Rename(next, s.checkpoint())
}

func (s *fileSink) write(_ context.Context, results []byte, c *checkpoint) (int64, error) {
	if err := s.put(results); err != nil {
		return 0, err
	}
	if s.file == "" || c.Job == "" {
		return 0, nil
	}
	c.Bytes = s.bytes
	s.last = c
	if time.Since(s.saved) < checkpointInterval {
		return 0, nil
	}
	return 0, s.save(c)
}

func (s *fileSink) put(data []byte) error {
	n, err := s.out.Write(data)
	s.bytes += int64(n)
	return err
}

func (s *fileSink) finish(_ context.Context, c *checkpoint) error {
	if s.file == "" {
		return nil
	}
	if !c.Complete {
		if c.Job != "" {
			done := *c
			done.Bytes, done.Complete = s.bytes, true
			if err := s.save(&done); err != nil {
				return err
			}
		} else if err := s.part.Sync(); err != nil {
			return err
		}
	}
	s.last = nil
	if err := os.Rename(s.partial(), s.file); err != nil && (!c.Complete || !errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	if err := syncDir(filepath.Dir(s.file)); err != nil {
		return err
	}
	if err := os.Remove(s.checkpoint()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close leaves the last checkpoint behind, if the run has not come to its end.
func (s *fileSink) Close() error {
	var err error
	if s.last != nil {
		err = s.save(s.last)
	}
	if s.zstd != nil {
		_ = s.zstd.Close() // nothing is under way
	}
	if s.part != nil {
		err = errors.Join(err, s.part.Close())
	}
	return err
}

func (s *fileSink) upserts() bool { return false }

func (s *fileSink) seal(rows []byte) []byte {
	if len(rows) == 0 {
		return rows
	}
	switch s.job.To.format.compression {
	case "gz": // a member of its own, of which a gzip file may have many
		w := s.gzip.Get().(*gzip.Writer)
		defer s.gzip.Put(w)
		sealed := appender(make([]byte, 0, len(rows)/4))
		w.Reset(&sealed)
		_, _ = w.Write(rows) // an appender takes all
		_ = w.Close()
		return sealed
	case "zst": // a frame
		return s.zstd.EncodeAll(rows, make([]byte, 0, len(rows)/4))
	}
	return rows
}

type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}
