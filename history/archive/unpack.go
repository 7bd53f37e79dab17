package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// unpacked is the text of an object. release must be called when it is done
// with.
type unpacked struct {
	io.Reader
	release func()
}

// magics are what compressed bytes begin with.
var magics = []struct {
	compression Compression
	bytes       []byte
}{
	{Gzip, []byte{0x1f, 0x8b}},
	{Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd}},
	{Snappy, []byte("\xff\x06\x00\x00sNaPpY")},
}

// longestMagic is the length of the longest of magics.
const longestMagic = 10

// unpack returns the text of an object, or an error if it is not compressed as
// c says.
func unpack(r io.Reader, c Compression) (unpacked, error) {
	head := heads.Get().(*bufio.Reader)
	head.Reset(r)
	release := func() { head.Reset(nil); heads.Put(head) }
	begin, err := head.Peek(longestMagic)
	if len(begin) == 0 {
		release()
		if errors.Is(err, io.EOF) {
			err = ErrEmpty
		}
		return unpacked{}, err
	}
	found := detect(begin)
	if c != Detect && c != found {
		release()
		return unpacked{}, fmt.Errorf("its name says %s, and it begins with %q", c, begin)
	}
	text, err := decompress(head, found)
	if err != nil {
		release()
		return unpacked{}, err
	}
	inner := text.release
	text.release = func() { inner(); release() }
	return text, nil
}

var heads = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 64<<10) }}

// detect returns the compression of bytes, Detect when they are a text.
func detect(begin []byte) Compression {
	for _, m := range magics {
		if bytes.HasPrefix(begin, m.bytes) {
			return m.compression
		}
	}
	return Detect
}

func decompress(r *bufio.Reader, c Compression) (unpacked, error) {
	switch c {
	case Gzip:
		return gunzip(r)
	case Zstd:
		return unzstd(r)
	case Snappy:
		return unsnap(r), nil
	}
	return unpacked{r, func() {}}, nil
}

var gunzippers = sync.Pool{New: func() any { return new(gzip.Reader) }}

func gunzip(r io.Reader) (unpacked, error) {
	z := gunzippers.Get().(*gzip.Reader)
	if err := z.Reset(r); err != nil {
		gunzippers.Put(z)
		return unpacked{}, fmt.Errorf("reading gzip: %w", err)
	}
	return unpacked{named{z, "gzip"}, func() { gunzippers.Put(z) }}, nil
}

// largestZstd bounds what a zstd object has its reader keep of the text, in
// bytes: what "zstd --long" asks for.
const largestZstd = 128 << 20

var unzstds sync.Pool // of *zstd.Decoder, which have no goroutines of their own

func unzstd(r io.Reader) (unpacked, error) {
	z, _ := unzstds.Get().(*zstd.Decoder)
	if z == nil {
		var err error
		z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(largestZstd))
		if err != nil {
			return unpacked{}, fmt.Errorf("making a reader of zstd: %w", err)
		}
	}
	release := func() {
		if z.Reset(nil) == nil {
			unzstds.Put(z)
		}
	}
	if err := z.Reset(r); err != nil {
		release()
		return unpacked{}, fmt.Errorf("reading zstd: %w", err)
	}
	return unpacked{named{z, "zstd"}, release}, nil
}

var unsnappers = sync.Pool{New: func() any { return snappy.NewReader(nil) }}

func unsnap(r io.Reader) unpacked {
	z := unsnappers.Get().(*snappy.Reader)
	z.Reset(r)
	return unpacked{named{z, "snappy"}, func() { z.Reset(nil); unsnappers.Put(z) }}
}

// named says in an error what was being read.
type named struct {
	r    io.Reader
	name string
}

func (n named) Read(p []byte) (int, error) {
	count, err := n.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("reading %s: %w", n.name, err)
	}
	return count, err
}
