package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"muster/pipeline"
	"muster/pipeline/replica"
)

// printer writes what a replay finds, one JSON object a line.
type printer struct {
	encoder *json.Encoder
	output  string // changes, members or both
	changes int    // seen, printed or not
}

func newPrinter(out io.Writer, output string) *printer {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	return &printer{encoder: encoder, output: output}
}

// changeLine is how a change is printed.
type changeLine struct {
	Type    string         `json:"type"`
	Segment string         `json:"segment"`
	Profile string         `json:"profile"`
	At      instant        `json:"at"`
	Cause   pipeline.Cause `json:"cause"`
	Version uint64         `json:"version"`
}

func (p *printer) change(c pipeline.Change) error {
	p.changes++
	if p.output == "members" {
		return nil
	}
	line := changeLine{"exited", c.Segment, c.Profile, instant(c.At), c.Cause, c.Version}
	if c.Entered {
		line.Type = "entered"
	}
	return wrap("writing output", p.encoder.Encode(line))
}

// membersLine is how the members of a segment are printed.
type membersLine struct {
	Type    string   `json:"type"`
	At      instant  `json:"at"`
	Segment string   `json:"segment"`
	Members []string `json:"members"`
}

func (p *printer) members(at instant, r *replica.Replica) error {
	if p.output == "changes" {
		return nil
	}
	for _, id := range slices.Sorted(slices.Values(r.Set.IDs())) {
		if err := p.encoder.Encode(membersLine{"members", at, id, r.Members(id)}); err != nil {
			return fmt.Errorf("writing output: %w", err)
		}
	}
	return nil
}

// place is a line of a file.
type place struct {
	file string
	line int
}

// letterFile keeps what can't be used; without a name it keeps nothing.
type letterFile struct {
	file    *os.File
	buffer  *bufio.Writer
	encoder *json.Encoder
}

func newLetterFile(name string) (*letterFile, error) {
	if name == "" {
		return &letterFile{}, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, unusable(fmt.Errorf("creating dead-letter file: %w", err))
	}
	buffer := bufio.NewWriter(file)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	return &letterFile{file, buffer, encoder}, nil
}

// letter is how what can't be used is kept. Bytes of the value that are not
// UTF-8 are written as U+FFFD; file and line lead to the original.
type letter struct {
	Reason string `json:"reason"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Value  string `json:"value"`
}

func (l *letterFile) write(at place, reason string, value []byte) error {
	if l.file == nil {
		return nil
	}
	return wrap("writing dead letter", l.encoder.Encode(letter{reason, at.file, at.line, string(value)}))
}

func (l *letterFile) close() error {
	if l.file == nil {
		return nil
	}
	if err := l.buffer.Flush(); err != nil {
		return fmt.Errorf("writing dead letters: %w", err)
	}
	return wrap("closing dead-letter file", l.file.Close())
}
