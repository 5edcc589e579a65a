package sockets

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// An event is one that its owner sends itself. It comes in line with those of the connections:
// who waits for it goes on when the runtime has asked the kernel for all that came before.
type event struct {
	of   syscall.RawConn
	sent bool
	step func(fd uintptr) (came bool) // sendOrTake, allocated once
}

// events are for those who yield. The garbage collector closes them.
var events = sync.Pool{New: func() any {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return (*event)(nil) // too many files are open
	}
	raw, err := os.NewFile(uintptr(fd), "eventfd").SyscallConn()
	if err != nil {
		return (*event)(nil)
	}
	e := &event{of: raw}
	e.step = e.sendOrTake
	return e
}}

// sendOrTake sends the event, and takes it once it has come, so that it can be sent again.
func (e *event) sendOrTake(fd uintptr) (came bool) {
	count := [8]byte{1}
	if e.sent {
		_, _ = unix.Read(int(fd), count[:])
		return true
	}
	_, err := unix.Write(int(fd), count[:])
	e.sent = err == nil
	return !e.sent
}

// yieldToConnections reports false if it cannot.
func yieldToConnections() bool {
	e, _ := events.Get().(*event)
	if e == nil {
		return false
	}
	e.sent = false
	if err := e.of.Read(e.step); err != nil || !e.sent {
		return false
	}
	events.Put(e)
	return true
}
