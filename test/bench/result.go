package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// result is one line that go test prints of a benchmark.
type result struct {
	name    string
	metrics []metric // in the order of the line
}

type metric struct {
	key   string
	value float64
}

// processors is the -8 that go test appends to a name.
var processors = regexp.MustCompile(`-\d+$`)

// parse reads a line such as "BenchmarkDecode-2  100  612 ns/op  0 B/op". It
// reports false for any other line.
func parse(line string) (result, bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || len(fields)%2 != 0 {
		return result{}, false
	}
	name, found := strings.CutPrefix(fields[0], "Benchmark")
	if !found {
		return result{}, false
	}
	r := result{name: processors.ReplaceAllString(name, "")}
	values := append([]string{fields[1], "n"}, fields[2:]...)
	for i := 0; i < len(values); i += 2 {
		value, err := strconv.ParseFloat(values[i], 64)
		if err != nil {
			return result{}, false
		}
		r.metrics = append(r.metrics, metric{strings.ReplaceAll(values[i+1], "/", "_"), value})
	}
	return r, true
}

// MarshalJSON keeps the order of the metrics.
func (r result) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	name, err := json.Marshal(r.name)
	if err != nil {
		return nil, err
	}
	b.WriteString(`{"bench":`)
	b.Write(name)
	for _, m := range r.metrics {
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		b.WriteByte(',')
		b.Write(key)
		b.WriteByte(':')
		b.WriteString(strconv.FormatFloat(m.value, 'f', -1, 64))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
