package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	readBuffer = 1 << 20
	// decodeMemory bounds what a zstd window may take, in bytes.
	decodeMemory = 256 << 20
)

// lineReader reads lines of a bounded length, from plain, gzip or zstd data.
type lineReader struct {
	r     *bufio.Reader
	limit int
	line  []byte
	close func()
}

// openLines opens a file, or in for "-". What is compressed is told by its
// first bytes; a name that ends in .gz or .zst must be.
func openLines(name string, in io.Reader, limit int) (*lineReader, error) {
	l := &lineReader{limit: limit, close: func() {}}
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, unusable(fmt.Errorf("reading events: %w", err))
		}
		in, l.close = file, func() { _ = file.Close() }
	}
	plain := bufio.NewReaderSize(in, readBuffer)
	if err := l.decompress(name, plain); err != nil {
		l.close()
		return nil, unusable(fmt.Errorf("reading events from %s: %w", name, err))
	}
	return l, nil
}

func (l *lineReader) decompress(name string, r *bufio.Reader) error {
	magic, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	gz, zst := bytes.HasPrefix(magic, []byte{0x1f, 0x8b}), bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd})
	switch {
	case strings.HasSuffix(name, ".gz") && !gz:
		return errors.New("the name ends in .gz but the content is not gzip")
	case strings.HasSuffix(name, ".zst") && !zst:
		return errors.New("the name ends in .zst but the content is not zstd")
	case gz:
		z, err := gzip.NewReader(r)
		if err != nil {
			return err
		}
		r = bufio.NewReaderSize(z, readBuffer)
	case zst:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(decodeMemory))
		if err != nil {
			return err
		}
		file := l.close
		l.close = func() { z.Close(); file() }
		r = bufio.NewReaderSize(z, readBuffer)
	}
	l.r = r
	return nil
}

// next returns the next line without its line break, valid until the next
// call. Of a line longer than the limit it returns the beginning, and the
// size of the whole. At the end it returns io.EOF.
func (l *lineReader) next() (line []byte, size int, err error) {
	l.line = l.line[:0]
	for ended := false; !ended; {
		part, err := l.r.ReadSlice('\n')
		size += len(part)
		l.line = append(l.line, part[:min(len(part), l.limit+2-len(l.line))]...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && size > 0:
			ended = true
		case err != nil:
			return nil, 0, err
		default:
			ended, size = true, size-1
		}
	}
	l.line = l.line[:min(len(l.line), size)]
	if len(l.line) == size && bytes.HasSuffix(l.line, []byte("\r")) {
		l.line, size = l.line[:size-1], size-1
	}
	return l.line[:min(len(l.line), l.limit)], size, nil
}
