package network

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// commands reads commands of Redis as clients send them, arrays of bulk
// strings.
type commands struct{ from *bufio.Reader }

func newCommands(from io.Reader) commands { return commands{bufio.NewReaderSize(from, chunkSize)} }

// next returns one command as it came, and its name in upper case.
func (c commands) next() (raw []byte, name string, err error) {
	count, raw, err := c.length('*', nil)
	for i := 0; i < count && err == nil; i++ {
		var size int
		if size, raw, err = c.length('$', raw); err != nil {
			break
		}
		bulk := make([]byte, size+len("\r\n"))
		_, err = io.ReadFull(c.from, bulk)
		raw = append(raw, bulk...)
		if i == 0 {
			name = strings.ToUpper(string(bulk[:size]))
		}
	}
	return raw, name, err
}

func (c commands) length(kind byte, raw []byte) (int, []byte, error) {
	line, err := c.from.ReadString('\n')
	if err != nil {
		return 0, raw, err
	}
	if line[0] != kind {
		return 0, raw, fmt.Errorf("a command starts with %q", line)
	}
	size, err := strconv.Atoi(strings.TrimSpace(line[1:]))
	return size, append(raw, line...), err
}
