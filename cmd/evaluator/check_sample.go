package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"muster/event"
	"muster/rules"
)

// samplePaths is how many paths of a sample are noted, in some 30 MB.
const samplePaths = 200_000

// sampled is what check read of a sample of events.
type sampled struct {
	Name    string `json:"name"`
	Events  int    `json:"events"`
	Names   int    `json:"names"` // that events have
	Refused int    `json:"refused"`
	Reason  string `json:"reason,omitempty"` // of the first that was refused
	Traits  bool   `json:"traits"`           // whether traits could be looked up: the sample has identify calls
	Full    bool   `json:"full"`             // whether it has more names and paths than are noted
}

// compare looks up what the rules ask for in a sample of events.
func (f *finding) compare(name string, in io.Reader, sources []rules.Source) error {
	f.Sample = &sampled{Name: name}
	vocabulary, err := f.Sample.read(in)
	if err != nil {
		return err
	}
	f.unseen = vocabulary.Unseen(sources...)
	f.Unseen = listed(f.unseen)
	return nil
}

// read notes what all events of the sample bring, or asks a service for what
// it has noted.
func (s *sampled) read(in io.Reader) (*rules.Vocabulary, error) {
	if isService(s.Name) {
		return s.ask()
	}
	limits, vocabulary := event.Default(), rules.NewVocabulary(samplePaths)
	decoder, err := event.NewDecoder(limits)
	if err != nil {
		return nil, err
	}
	lines, err := openLines(s.Name, in, limits.MaxBytes)
	if err != nil {
		return nil, err
	}
	defer lines.close()
	for number := 1; ; number++ {
		line, size, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return vocabulary, s.tell(vocabulary)
		case err != nil:
			return nil, unusable(fmt.Errorf("reading events from %s after line %d: %w", s.Name, number-1, err))
		case size > len(line):
			s.refuse(number, fmt.Sprintf("record: %d bytes, the limit is %d", size, len(line)))
		case size > 0:
			s.add(decoder, vocabulary, number, line)
		}
	}
}

// add notes what a record brings. Times don't matter, so an event without any
// will do.
func (s *sampled) add(decoder *event.Decoder, vocabulary *rules.Vocabulary, number int, line []byte) {
	const someTime = 1
	decoder.Reset()
	events, rejected := decoder.Decode(nil, nil, line, someTime, 0)
	for i := range events {
		vocabulary.Add(&events[i])
	}
	for _, one := range rejected {
		s.refuse(number, one.Reason)
	}
}

func (s *sampled) refuse(line int, reason string) {
	if s.Refused++; s.Refused == 1 {
		s.Reason = fmt.Sprintf("%s:%d: %s", s.Name, line, reason)
	}
}

// tell takes over what the vocabulary knows. A sample without an event would
// make every name unseen.
func (s *sampled) tell(v *rules.Vocabulary) error {
	s.Events, s.Names, s.Traits, s.Full = v.Events(), v.Names(), v.HasTraits(), v.Full()
	switch {
	case s.Events > 0:
		return nil
	case isService(s.Name):
		return unusable(fmt.Errorf("the service at %s has not seen any event since it began", s.Name))
	case s.Refused > 0:
		return unusable(fmt.Errorf("%s holds no event that can be used: %s", s.Name, s.Reason))
	}
	return unusable(fmt.Errorf("%s is empty: a sample is events as one JSON object a line, as evaluator replay reads them", s.Name))
}

// lookup says in a line what was looked up, or could not be.
func (f *finding) lookup() string {
	if s := f.Sample; s != nil {
		text := fmt.Sprintf("%s: %s of %s; %s that rules ask for were never seen", s.Name, number(s.Events, "event"), number(s.Names, "name"), number(len(f.unseen), "name"))
		if len(f.unseen) == 1 {
			text = strings.Replace(text, " were ", " was ", 1)
		}
		if !s.Traits {
			text += "; it has no identify call, so traits were not looked up"
		}
		if s.Full {
			text += "; it has more names than are noted, so some were not looked up"
		}
		if s.Refused > 0 {
			text += fmt.Sprintf("; %s can't be used, the first %s", number(s.Refused, "event"), s.Reason)
		}
		return text + "\n"
	}
	u := f.Unknown
	var parts []string
	for _, one := range []struct {
		n    int
		what string
	}{{u.Events, "event name"}, {u.Traits, "trait"}} {
		if one.n > 0 {
			parts = append(parts, number(one.n, one.what))
		}
	}
	switch {
	case u.Properties == 1:
		parts = append(parts, "1 property")
	case u.Properties > 1:
		parts = append(parts, fmt.Sprintf("%d properties", u.Properties))
	}
	if len(parts) == 0 {
		return ""
	}
	return "unknown to a check without data: " + strings.Join(parts, ", ") + "; --sample FILE looks them up\n"
}
