//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// asker asks over some connections.
type asker struct {
	epoll int
	timer int             // Go's own would be true to a millisecond only
	lanes map[int32]*lane // by descriptor
	free  []*lane         // in the order in which they have become so
}

func connect(address netip.AddrPort, lanes int) (*asker, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making an epoll: %w", err)
	}
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("making a timer: %w", err)
	}
	a := &asker{epoll: epoll, timer: timer, lanes: map[int32]*lane{}}
	err = a.watch(timer, unix.EPOLLIN|unix.EPOLLET) // told once each time that it goes off
	for len(a.lanes) < lanes && err == nil {
		var l *lane
		if l, err = dial(address); err != nil {
			break
		}
		a.lanes[int32(l.fd)], a.free = l, append(a.free, l)
		err = a.watch(l.fd, unix.EPOLLIN)
	}
	if err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

func (a *asker) watch(fd int, events uint32) error {
	if err := unix.EpollCtl(a.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}); err != nil {
		return fmt.Errorf("watching a descriptor: %w", err)
	}
	return nil
}

func (a *asker) close() {
	for _, l := range a.lanes {
		_ = unix.Close(l.fd) // nothing is lost
	}
	_, _ = unix.Close(a.timer), unix.Close(a.epoll)
}

// ask asks for each profile when it is due, and returns how long each took from
// then, and all of it together.
func (a *asker) ask(o *order, ids []string) (took []time.Duration, length time.Duration, err error) {
	requests := make([][]byte, len(ids))
	for i, id := range ids {
		requests[i] = fmt.Appendf(nil, "GET /v1/profiles/%s/memberships HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", id, o.token)
	}
	took = make([]time.Duration, len(ids))
	began := time.Now()
	due := func(i int) time.Time { return began.Add(time.Duration(float64(i) / o.rate * float64(time.Second))) }
	for sent, answered := 0, 0; answered < len(ids); {
		for ; sent < len(ids) && len(a.free) > 0 && !time.Now().Before(due(sent)); sent++ {
			l := a.free[0]
			a.free = a.free[1:]
			l.due, l.number = due(sent), sent
			if err := l.send(requests[sent]); err != nil {
				return nil, 0, err
			}
		}
		if sent < len(ids) && len(a.free) > 0 {
			if err := a.alarm(time.Until(due(sent))); err != nil {
				return nil, 0, err
			}
		}
		n, err := a.collect(took)
		if err != nil {
			return nil, 0, err
		}
		answered += n
	}
	return took, time.Since(began), nil
}

// alarm has the next collect end after some time at the latest.
func (a *asker) alarm(wait time.Duration) error {
	at := unix.ItimerSpec{Value: unix.NsecToTimespec(max(1, wait.Nanoseconds()))} // 0 is never
	if err := unix.TimerfdSettime(a.timer, 0, &at, nil); err != nil {
		return fmt.Errorf("setting a timer: %w", err)
	}
	return nil
}

// longestWait bounds the time in which nothing happens, in ms.
const longestWait = 60_000

// collect waits for answers or the alarm, notes how long those answers have taken
// that are whole, and returns how many these were.
func (a *asker) collect(took []time.Duration) (whole int, err error) {
	var events [64]unix.EpollEvent
	n, err := unix.EpollWait(a.epoll, events[:], longestWait)
	switch {
	case errors.Is(err, unix.EINTR):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("waiting for answers: %w", err)
	case n == 0:
		return 0, errors.New("no answer has come for a minute")
	}
	for _, e := range events[:n] {
		l := a.lanes[e.Fd]
		if l == nil {
			continue // the alarm
		}
		done, err := l.receive()
		if err != nil {
			return 0, err
		}
		if !done {
			continue
		}
		took[l.number] = time.Since(l.due)
		if err := l.check(); err != nil {
			return 0, err
		}
		a.free, whole = append(a.free, l), whole+1
	}
	return whole, nil
}
