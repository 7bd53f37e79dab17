//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// lane is one connection.
type lane struct {
	fd     int
	due    time.Time // of its request
	number int       // of its request
	answer []byte    // what has come of the answer so far
	whole  int       // bytes that the answer has; 0 for not known yet
}

// longestAnswer is how many bytes an answer may have, as 10,000 segments of 25
// bytes each.
const longestAnswer = 256 << 10

func dial(address netip.AddrPort) (*lane, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("making a socket: %w", err)
	}
	to := &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}
	err = unix.Connect(fd, to)
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("connecting to %s: %w", address, err)
	}
	return &lane{fd: fd, answer: make([]byte, 0, longestAnswer)}, nil
}

// send sends a request. None is as long as what a kernel takes at once.
func (l *lane) send(request []byte) error {
	l.answer, l.whole = l.answer[:0], 0
	n, err := unix.Write(l.fd, request)
	if err == nil && n < len(request) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("sending a request: %w", err)
	}
	return nil
}

// receive reads what has come, and reports whether the answer is whole.
func (l *lane) receive() (bool, error) {
	n, err := unix.Read(l.fd, l.answer[len(l.answer):cap(l.answer)])
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading an answer: %w", err)
	case n == 0:
		return false, fmt.Errorf("the answer ends: %s", l.answer)
	}
	l.answer = l.answer[:len(l.answer)+n]
	if l.whole == 0 {
		if err := l.measure(); err != nil {
			return false, err
		}
	}
	return l.whole > 0 && len(l.answer) >= l.whole, nil
}

// measure finds out how long the answer will be, once its headers are there, and
// demands one with memberships.
func (l *lane) measure() error {
	end := bytes.Index(l.answer, []byte("\r\n\r\n"))
	if end < 0 {
		return nil
	}
	head, length := l.answer[:end+2], []byte("\r\nContent-Length: ")
	_, rest, found := bytes.Cut(head, length)
	text, _, _ := bytes.Cut(rest, []byte("\r\n"))
	body, err := strconv.Atoi(string(text))
	if !found || err != nil || !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("the answer is %s", l.answer)
	}
	l.whole = end + 4 + body
	if l.whole > cap(l.answer) {
		return fmt.Errorf("the answer has %d bytes, the most is %d", l.whole, cap(l.answer))
	}
	return nil
}

// check demands that a whole answer has memberships.
func (l *lane) check() error {
	if len(l.answer) != l.whole || !bytes.Contains(l.answer, []byte(`"segments":[`)) {
		return fmt.Errorf("the answer is %s", l.answer)
	}
	return nil
}
