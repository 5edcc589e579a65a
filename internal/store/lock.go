package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

const (
	lockWait  = 20 * time.Second      // longest wait for the lock; it is held for milliseconds
	lockPause = 2 * time.Millisecond  // between two tries
	maxPause  = 50 * time.Millisecond // between later ones
)

// claimLife is how long a claim stays the same before it is that of a dead process.
var claimLife = 5 * time.Second

// A lock keeps other processes from changing the aliases of a model, or which versions
// it has.
type lock struct {
	file  *os.File // locked by the kernel, which unlocks it when its process dies
	claim string   // name of the claim, on a volume without such locks
	nonce []byte   // content of the claim
}

// acquire waits for the lock of a model.
func acquire(ctx context.Context, name string) (*lock, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lockWait, fmt.Errorf("%s has been locked for %v; is another change under way?", name, lockWait))
	defer cancel()
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NONBLOCK, 0o644)
	if errors.Is(err, fs.ErrPermission) { // somebody else's; on most volumes it can be locked all the same
		f, err = os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	}
	if err != nil {
		return nil, err
	}
	l := &lock{file: f}
	err = retry(ctx, func() (bool, error) {
		err := tryLock(f)
		return err == nil, err
	})
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOLCK) {
		l.claim, l.nonce = name+".claim", []byte(rand.Text())
		err = l.makeClaim(ctx)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return l, nil
}

// retry calls try until it is done, fails, or ctx ends.
func retry(ctx context.Context, try func() (done bool, err error)) error {
	for pause := lockPause; ; pause = min(2*pause, maxPause) {
		done, err := try()
		if done || err != nil && !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// makeClaim makes a file that only one process can make. Unlike a lock of the kernel it
// outlives its process; so a claim that stays the same for too long is taken away.
func (l *lock) makeClaim(ctx context.Context) error {
	var seen []byte
	var since time.Time
	return retry(ctx, func() (bool, error) {
		f, err := os.OpenFile(l.claim, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil {
			_, err := f.Write(l.nonce)
			return true, errors.Join(err, f.Close())
		}
		if !errors.Is(err, fs.ErrExist) {
			return false, err
		}
		other, err := readFile(l.claim, 1<<10)
		if err != nil {
			return false, ignoreAbsence(err)
		}
		if since.IsZero() || !bytes.Equal(other, seen) {
			seen, since = other, time.Now()
		}
		if time.Since(since) > claimLife {
			// Others may be doing the same: only one moves a given claim away, and whoever
			// loses a live one by that notices before its change.
			aside := l.claim + "." + string(l.nonce)
			if err := os.Rename(l.claim, aside); err != nil {
				return false, ignoreAbsence(err)
			}
			since = time.Time{}
			return false, ignoreAbsence(os.Remove(aside))
		}
		return false, nil
	})
}

func ignoreAbsence(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// held reports whether the lock is still ours.
func (l *lock) held() bool {
	if l.claim == "" {
		return true
	}
	nonce, err := readFile(l.claim, 1<<10)
	return err == nil && bytes.Equal(nonce, l.nonce)
}

// release lets others have the lock.
func (l *lock) release() {
	if l.claim != "" && l.held() {
		_ = os.Remove(l.claim)
	}
	l.file.Close()
}
